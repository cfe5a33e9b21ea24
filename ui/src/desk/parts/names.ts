// The names of kinds and fields on the screen. What a newer version wrote is called by its stored name.

type Translate = (key: string) => string
type Exists = (key: string) => boolean

/** A field's name. */
export function fieldName(kind: string, field: string, t: Translate, te: Exists): string {
  for (const key of [`common.field.${kind}.${field}`, `common.field.any.${field}`]) if (te(key)) return t(key)
  return field
}

/** A kind's name. */
export function kindName(kind: string, t: Translate, te: Exists): string {
  const key = `common.kind.${kind}`
  return te(key) ? t(key) : kind
}
