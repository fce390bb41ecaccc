import type { JsonSchema } from './schema.ts';

/**
 * Fills in what an object leaves out and its schema has a `default` for, in the object itself and in those inside of it that
 * `properties` and `items` describe. Values of another shape than the schema's stay as they are.
 */
export function fillDefaults(schema: JsonSchema, value: unknown): void {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (isObject(items)) for (const item of value) fillDefaults(items, item);
  } else if (isObject(value)) {
    for (const [name, property] of Object.entries(schema['properties'] ?? {})) {
      if (!isObject(property)) continue;
      if (value[name] === undefined && 'default' in property) value[name] = structuredClone(property['default']);
      fillDefaults(property, value[name]);
    }
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
