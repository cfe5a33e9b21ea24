// Which fields of a form tell that somebody or something is registered already.

/** Field names by kind; other kinds are not compared. */
export const TELLING: Readonly<Record<string, readonly string[]>> = {
  person: ['name', 'birth_date', 'phone', 'document_kind', 'document_number'],
  dwelling: ['building', 'unit', 'room', 'street', 'group', 'house_number'],
}
