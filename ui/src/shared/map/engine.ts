// MapLibre with its worker and style sheet: 1.6 MB, so it is loaded only when a map is opened (`MapView.vue` imports this file
// lazily, and nobody else imports it). The worker is a file of this app; nothing comes from anywhere else.
import 'maplibre-gl/dist/maplibre-gl.css'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url'
import { type GeoJSONSource, Map as MapLibre, setWorkerCount, setWorkerUrl } from 'maplibre-gl'
import { FONTS, MARK_RATIO, mark, styleOf } from './style'

setWorkerUrl(workerUrl)
// A cell is small: one worker is quick enough, and a cheap phone has little memory.
setWorkerCount(1)

export type { GeoJSONSource, MapLibre }

/** Opens a map in an element: seen from above, north up. Throws where nothing can be drawn (no WebGL). */
export function open(container: HTMLElement, dark: boolean, type: number, label: string): MapLibre {
  const map = new MapLibre({
    container,
    style: styleOf(dark, type),
    attributionControl: false,
    localIdeographFontFamily: FONTS,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    renderWorldCopies: false,
    fadeDuration: 0,
    center: [105, 35],
    zoom: 3,
    maxZoom: 20,
    minZoom: 2,
    locale: { 'Map.Title': label },
  })
  map.touchZoomRotate.disableRotation()
  map.keyboard.disableRotation()
  drawMarks(map, dark)
  return map
}

/** Marks are drawn when they are first asked for. */
function drawMarks(map: MapLibre, dark: boolean): void {
  map.setMissingStyleImageResolver((id) => {
    const drawn = mark(id, dark)
    if (drawn && !map.hasImage(id)) map.addImage(id, drawn, { pixelRatio: MARK_RATIO })
  })
}

/** Puts another look on. What was drawn is to be handed over again afterwards (`style.load`). */
export function wear(map: MapLibre, dark: boolean, type: number): void {
  drawMarks(map, dark)
  map.setStyle(styleOf(dark, type), { diff: false })
}
