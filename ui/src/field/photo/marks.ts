// Marks drawn by hand on a photo before it is kept: arrows, and mosaic over faces and number plates.

/** A place on the picture, pixels. */
export interface Point {
  x: number
  y: number
}

/** What one stroke makes. */
export interface Mark {
  tool: 'arrow' | 'mosaic'
  from: Point
  to: Point
}

/** A piece of the picture in whole pixels. */
export interface Rect {
  x: number
  y: number
  width: number
  height: number
}

/** The longer edge of a marked picture, pixels: as the device keeps it. */
export const EDGE_MAX = 1600

/** The size that a picture is worked on in. */
export function workingSize(width: number, height: number): { width: number; height: number } {
  const scale = Math.min(1, EDGE_MAX / Math.max(width, height, 1))
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) }
}

/** The rectangle between two corners, whichever they are, within the picture. */
export function rectOf({ from, to }: Pick<Mark, 'from' | 'to'>, width: number, height: number): Rect {
  const within = (value: number, most: number) => Math.min(Math.max(Math.round(value), 0), most)
  const [left, right] = [within(Math.min(from.x, to.x), width), within(Math.max(from.x, to.x), width)]
  const [top, bottom] = [within(Math.min(from.y, to.y), height), within(Math.max(from.y, to.y), height)]
  return { x: left, y: top, width: right - left, height: bottom - top }
}

/** The edge of one tile of mosaic: so coarse that neither a face nor a number can be guessed back. */
export function tileOf({ width, height }: Pick<Rect, 'width' | 'height'>): number {
  return Math.max(16, Math.ceil(Math.max(width, height) / 6), Math.ceil(Math.min(width, height) / 3))
}

/** The two ends of an arrow's head; its tip is `to`. */
export function headOf({ from, to }: Pick<Mark, 'from' | 'to'>, size: number): [Point, Point] {
  const angle = Math.atan2(to.y - from.y, to.x - from.x)
  const end = (turn: number): Point => ({ x: to.x - size * Math.cos(angle + turn), y: to.y - size * Math.sin(angle + turn) })
  return [end(Math.PI / 6), end(-Math.PI / 6)]
}

/** How thick a line is on a picture of that size. */
export function lineOf(width: number, height: number): number {
  return Math.max(4, Math.round(Math.max(width, height) / 160))
}

/** Draws a mark into the picture. What lay under a mosaic is gone. */
export function drawMark(context: CanvasRenderingContext2D, mark: Mark): void {
  const { width, height } = context.canvas
  if (mark.tool === 'mosaic') drawMosaic(context, rectOf(mark, width, height))
  else drawArrow(context, mark, lineOf(width, height))
}

function drawMosaic(context: CanvasRenderingContext2D, rect: Rect): void {
  const tile = tileOf(rect)
  for (let y = rect.y; y < rect.y + rect.height; y += tile) {
    for (let x = rect.x; x < rect.x + rect.width; x += tile) {
      const width = Math.min(tile, rect.x + rect.width - x)
      const height = Math.min(tile, rect.y + rect.height - y)
      context.fillStyle = meanColour(context.getImageData(x, y, width, height).data)
      context.fillRect(x, y, width, height)
    }
  }
}

/** The colour that a piece of picture has on the whole. */
export function meanColour(pixels: ArrayLike<number>): string {
  const sums = [0, 0, 0]
  for (let index = 0; index + 3 < pixels.length; index += 4) {
    for (let channel = 0; channel < 3; channel++) sums[channel] = (sums[channel] ?? 0) + (pixels[index + channel] ?? 0)
  }
  const count = Math.max(1, Math.floor(pixels.length / 4))
  return `rgb(${sums.map((sum) => Math.round(sum / count)).join(' ')})`
}

function drawArrow(context: CanvasRenderingContext2D, mark: Mark, line: number): void {
  const [left, right] = headOf(mark, line * 5)
  const path = new Path2D()
  path.moveTo(mark.from.x, mark.from.y)
  path.lineTo(mark.to.x, mark.to.y)
  path.moveTo(left.x, left.y)
  path.lineTo(mark.to.x, mark.to.y)
  path.lineTo(right.x, right.y)
  context.lineCap = 'round'
  context.lineJoin = 'round'
  // White under red: seen on any ground.
  context.strokeStyle = '#ffffff'
  context.lineWidth = line * 2
  context.stroke(path)
  context.strokeStyle = '#d81e1e'
  context.lineWidth = line
  context.stroke(path)
}
