import { element } from './element.ts';

/** The part of a form that says by what TLS a request comes: closed, and then nothing is said of it, until somebody opens it. */
export class TlsFields {
  readonly root: HTMLDetailsElement;
  readonly #version = element(
    'select',
    { id: 'tls-version' },
    element('option', {}, 'TLSv1.3'),
    element('option', {}, 'TLSv1.2'),
  );
  readonly #serverName = element('input', {
    id: 'tls-name',
    autocomplete: 'off',
    spellcheck: 'false',
    placeholder: 'the host of the URL',
  });
  readonly #certificate = element('textarea', {
    id: 'tls-certificate',
    rows: 3,
    spellcheck: 'false',
    placeholder: '-----BEGIN CERTIFICATE-----',
  });
  readonly #trusted = element('input', { id: 'tls-trusted', type: 'checkbox', checked: true });

  constructor(query: URLSearchParams) {
    this.#serverName.value = query.get('server_name') ?? '';
    if (query.get('tls') === 'TLSv1.2') this.#version.value = 'TLSv1.2';
    const isOpen = query.has('tls') || query.has('server_name');
    this.root = element(
      'details',
      { class: 'secured', open: isOpen },
      element('summary', {}, 'TLS and a client certificate, for an https URL'),
      element(
        'div',
        { class: 'secured-fields' },
        element('div', { class: 'field' }, element('label', { for: 'tls-version' }, 'Version'), this.#version),
        element(
          'div',
          { class: 'field' },
          element('label', { for: 'tls-name' }, 'Name asked for (SNI)'),
          this.#serverName,
        ),
        element(
          'div',
          { class: 'field fields' },
          element('label', { for: 'tls-certificate' }, "Client's certificate (PEM, never its key)"),
          this.#certificate,
        ),
        element(
          'div',
          { class: 'field tick' },
          this.#trusted,
          element('label', { for: 'tls-trusted' }, 'its domain trusts it'),
        ),
      ),
    );
  }

  /** The member of the question; nothing while the part is closed. */
  value(): { readonly tls?: object } {
    if (!this.root.open) return {};
    const name = this.#serverName.value.trim();
    const pem = this.#certificate.value.trim();
    return {
      tls: {
        version: this.#version.value,
        ...(name !== '' && { server_name: name }),
        ...(pem !== '' && { certificate: { pem, verified: this.#trusted.checked } }),
      },
    };
  }
}
