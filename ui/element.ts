/** What stands inside of an element. */
export type Child = Node | string | number | null | false | undefined | readonly Child[];

/** Attributes by name; a function is a listener: `onclick`. What is null, undefined or false is left out. */
export type Attributes = Readonly<Record<string, unknown>>;

/** An element of HTML. Text is always text: nothing is ever parsed as markup. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  return filled(document.createElement(tag), attributes, children);
}

/** An element of SVG. */
export function drawn<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[Tag] {
  return filled(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
}

/** Puts other children in the place of those that are there. */
export function fill(parent: Element, ...children: readonly Child[]): void {
  parent.replaceChildren(...nodesOf(children));
}

function filled<Some extends Element>(one: Some, attributes: Attributes, children: readonly Child[]): Some {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === 'function') {
      // A listener takes the event of its name.
      one.addEventListener(name.slice(2), value as EventListener);
    } else one.setAttribute(name, value === true ? '' : String(value));
  }
  one.append(...nodesOf(children));
  return one;
}

function nodesOf(children: readonly Child[]): readonly (Node | string)[] {
  return children.flatMap((child): readonly (Node | string)[] => {
    if (child === null || child === undefined || child === false) return [];
    if (child instanceof Node) return [child];
    return typeof child === 'object' ? nodesOf(child) : [String(child)];
  });
}
