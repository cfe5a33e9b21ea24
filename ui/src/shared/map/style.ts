// How the map looks: flat ground, fields with a line, points with a shape of their own, names. No tiles, no glyphs, no sprites: it
// draws letters with the phone's own font and marks on a canvas, so nothing is ever loaded.
import type { LayerSpecification, StyleSpecification } from 'maplibre-gl'
import { collection } from './features'

/** The colours of a look; a canvas knows no style sheet. */
const LOOKS = {
  light: { ground: '#eef1ee', field: '#dcebe4', line: '#0b6b57', chosen: '#b0251c', ink: '#17201c', halo: '#ffffff', calm: '#1c6e3a', open: '#8a5200', incident: '#b0251c', hazard: '#8a2be2', own: '#1d5a9e', cut: '#ffffff' },
  dark: { ground: '#0e1311', field: '#18302a', line: '#4fae97', chosen: '#ff9c92', ink: '#e7eeea', halo: '#0e1311', calm: '#7fd39a', open: '#f0b968', incident: '#ff9c92', hazard: '#cfa6ff', own: '#8fc0f5', cut: '#0e1311' },
} as const

/** Names of fields are shown only where fields are this large: a county would be nothing but names. */
const NAMES_FROM_ZOOM = 13

/** A mark with a number in it is to be read from afar too. */
const smaller = (size: number) => ['case', ['in', 'severity', ['get', 'kind']], 1, size]

/** Marks shrink where a whole cell is in sight, so that hundreds of buildings stay apart. */
const SMALLER_AFAR = ['interpolate', ['linear'], ['zoom'], 13, smaller(0.45), 15.5, smaller(0.8), 16.5, 1]

/** A name stands clear of its mark, in letters' heights from the middle: half a mark (with its second edge, if it has one), and
 *  what the engine takes off above and below. */
const beside = (size: number) => ['case', ['!', ['in', 'severity', ['get', 'kind']]], (12 * size + 6) / 13, ['get', 'open'], 1.95, 1.65]
const BESIDE_MARK = ['interpolate', ['linear'], ['zoom'], 13, beside(0.45), 15.5, beside(0.8), 16.5, beside(1)]

/** Who keeps the name where not all have room: what waits to be done before what does not, the more urgent first. */
const NAMED_FIRST = ['+', ['case', ['get', 'open'], 0, 10], ['match', ['get', 'kind'], 'severity1', 1, 'severity2', 2, 'severity3', 3, 4]]

/** A county of small cells would be nothing but lines. */
const THINNER_AFAR = ['interpolate', ['linear'], ['zoom'], 9, 0.3, 13, 1.5]

/** The fonts that letters are drawn with. */
export const FONTS = "system-ui, 'PingFang SC', 'HarmonyOS Sans SC', 'Noto Sans CJK SC', 'Microsoft YaHei', sans-serif"

/** The style for a look. `type` is the size of letters, 1 as usual. */
export function styleOf(dark: boolean, type: number): StyleSpecification {
  const look = LOOKS[dark ? 'dark' : 'light']
  const empty = { type: 'geojson' as const, data: collection([]) }
  const name = { 'text-field': ['get', 'name'], 'text-font': ['sans-serif'], 'text-size': 13 * type, 'text-padding': 4 } as const
  const ink = { 'text-color': look.ink, 'text-halo-color': look.halo, 'text-halo-width': 1.5 }
  const layers = [
    { id: 'ground', type: 'background', paint: { 'background-color': look.ground } },
    { id: 'fields', type: 'fill', source: 'areas', paint: { 'fill-color': ['coalesce', ['get', 'fill'], look.field], 'fill-opacity': 0.85 } },
    { id: 'lines', type: 'line', source: 'areas', paint: { 'line-color': look.line, 'line-width': THINNER_AFAR } },
    { id: 'chosen', type: 'line', source: 'areas', filter: ['==', ['get', 'id'], ''], paint: { 'line-color': look.chosen, 'line-width': 3.5 } },
    { id: 'path', type: 'line', source: 'path', paint: { 'line-color': look.chosen, 'line-width': 2.5, 'line-dasharray': [2, 1] } },
    { id: 'path-corners', type: 'circle', source: 'path', filter: ['==', ['geometry-type'], 'Point'], paint: { 'circle-radius': 6, 'circle-color': look.chosen, 'circle-stroke-color': look.cut, 'circle-stroke-width': 2 } },
    // Symbols are given room from the last layer to the first: every mark stands, fields keep their
    // names, and what is marked is named where there is still room around it.
    {
      id: 'point-names',
      type: 'symbol',
      source: 'points',
      layout: { ...name, 'text-padding': 2, 'symbol-sort-key': NAMED_FIRST, 'text-variable-anchor': ['top', 'bottom', 'left', 'right'], 'text-radial-offset': BESIDE_MARK, 'text-justify': 'auto', 'text-max-width': 8 },
      paint: ink,
    },
    {
      id: 'field-names',
      type: 'symbol',
      source: 'areas',
      minzoom: NAMES_FROM_ZOOM,
      layout: { ...name, 'text-variable-anchor': ['center', 'top', 'bottom'], 'text-radial-offset': 1.5 },
      // In the colour of their lines, as on any map; not on a ground that has a colour of its own.
      paint: { 'text-color': ['case', ['has', 'fill'], look.ink, look.line], 'text-halo-color': look.halo, 'text-halo-width': 2 },
    },
    { id: 'own', type: 'circle', source: 'own', paint: { 'circle-radius': 8, 'circle-color': look.own, 'circle-stroke-color': look.cut, 'circle-stroke-width': 3 } },
    {
      id: 'points',
      type: 'symbol',
      source: 'points',
      layout: { 'icon-image': ['concat', ['get', 'kind'], ['case', ['get', 'open'], '-open', '']], 'icon-allow-overlap': true, 'icon-padding': 0, 'icon-size': SMALLER_AFAR, 'symbol-z-order': 'source' },
    },
    { id: 'pin', type: 'symbol', source: 'pin', layout: { 'icon-image': 'pin', 'icon-anchor': 'bottom', 'icon-allow-overlap': true } },
  ]
  return {
    version: 8,
    sources: { areas: empty, points: empty, path: empty, own: empty, pin: empty },
    layers: layers as unknown as LayerSpecification[],
  }
}

/** Marks are drawn at twice their size, for sharp screens. */
export const MARK_RATIO = 2

/** How wide the second edge of a mark is with the gap before it, in units of which a mark has 24. */
const EDGE = 3.2

/** The colour of a severity's mark: 1 most urgent … 4. */
export function severityColour(level: number, dark: boolean): string {
  const look = LOOKS[dark ? 'dark' : 'light']
  return [look.incident, look.open, look.own, look.calm][level - 1] ?? look.own
}

/** A mark by its name (`building`, `building-open`, `incident`, `hazard_point`, `severity1` … `severity4`, `pin` …): told apart by shape, not by colour alone. */
export function mark(id: string, dark: boolean): ImageData | null {
  const look = LOOKS[dark ? 'dark' : 'light']
  const [kind, open] = [id.replace('-open', ''), id.endsWith('-open')]
  const severity = /^severity(\d)$/.exec(kind)?.[1]
  const scale = ((kind === 'pin' ? 40 : severity ? 30 : 24) / 24) * MARK_RATIO
  // The second edge of what is overdue lies outside the shape, so that the number in it stays as it is.
  const edge = severity && open ? EDGE : 0
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = Math.ceil((24 + 2 * edge) * scale)
  const pen = canvas.getContext('2d')
  if (!pen) return null
  pen.scale(scale, scale)
  pen.translate(edge, edge)
  const shapes: Record<string, string> = {
    building: 'M5 3h14v18H5z',
    incident: 'M12 2l10.500 19h-21z',
    hazard_point: 'M12 1.500L22.500 12 12 22.500 1.500 12z',
    severity1: 'M12 2.500l10 18H2z',
    severity2: 'M12 2.500l9.500 9.500-9.500 9.500L2.500 12z',
    severity3: 'M4.500 4.500h15v15h-15z',
    pin: 'M12 23C7 16 4.500 12.500 4.500 9a7.500 7.500 0 0115 0c0 3.500-2.500 7-7.500 14z',
  }
  const inner: Record<string, string> = {
    building: open ? 'M12 7v6M12 16.500v.500' : 'M8.500 12l2.500 2.500 4.500-5',
    incident: open ? 'M12 9v6M12 18v.300' : 'M8.500 15.500l2.500 2.500 4-5',
    hazard_point: 'M12 7v6M12 16.500v.300',
    pin: 'M12 9h.010',
  }
  const colours: Record<string, string> = { building: open ? look.open : look.calm, incident: open ? look.incident : look.calm, hazard_point: look.hazard, pin: look.chosen }
  const outline = new Path2D(shapes[kind] ?? 'M12 3a9 9 0 100 18 9 9 0 000-18z')
  pen.lineJoin = pen.lineCap = 'round'
  const around = (colour: string, width: number) => {
    pen.strokeStyle = colour
    pen.lineWidth = width
    pen.stroke(outline)
  }
  if (edge) {
    around(look.incident, 2 * EDGE)
    around(look.cut, EDGE)
  }
  pen.fillStyle = severity ? severityColour(Number(severity), dark) : (colours[kind] ?? look.own)
  pen.fill(outline)
  if (!edge) around(look.cut, 1.5)
  if (severity) return numbered(pen, severity, look.cut)
  pen.strokeStyle = look.cut
  pen.lineWidth = kind === 'pin' ? 5 : 2
  pen.stroke(new Path2D(inner[kind] ?? ''))
  return pen.getImageData(0, 0, canvas.width, canvas.height)
}

/** A mark with its severity in it. */
function numbered(pen: CanvasRenderingContext2D, number: string, ink: string): ImageData {
  pen.fillStyle = ink
  pen.font = `bold 11px ${FONTS}`
  pen.textAlign = 'center'
  pen.textBaseline = 'middle'
  pen.fillText(number, 12, number === '1' ? 15 : 12.500)
  return pen.getImageData(0, 0, pen.canvas.width, pen.canvas.height)
}
