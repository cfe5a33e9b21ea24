// What the two builds (the field app and the desk) have in common.
import { fileURLToPath } from 'node:url'

/** An absolute path inside this package. */
export function inside(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url))
}

/** The short names of the three source folders. */
export const alias = {
  '@shared': inside('src/shared'),
  '@field': inside('src/field'),
  '@desk': inside('src/desk'),
}

/** Messages are compiled without `eval` (strict content security policy), and the old option API stays out of the bundle. */
export const define = {
  __VUE_OPTIONS_API__: 'true',
  __VUE_PROD_DEVTOOLS__: 'false',
  __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
  __VUE_I18N_FULL_INSTALL__: 'false',
  __VUE_I18N_LEGACY_API__: 'false',
  __INTLIFY_JIT_COMPILATION__: 'true',
  __INTLIFY_DROP_MESSAGE_COMPILER__: 'false',
  __INTLIFY_PROD_DEVTOOLS__: 'false',
}

/** Phones of two to five years ago: their web views are at least this new. */
export const target = ['chrome87', 'safari15']
