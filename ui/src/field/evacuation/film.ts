// Reading QR codes from the camera: by the web view's own detector where there is one, else by jsQR, loaded only then.

/** A picture is looked at in at most this width: enough for the densest code, quick on a slow phone. */
const WIDTH_MAX = 960

/** Finds the text of a QR code in a picture. */
type Reader = (picture: HTMLCanvasElement) => Promise<string | null>

interface Detector {
  detect(picture: HTMLCanvasElement): Promise<{ rawValue: string }[]>
}
interface DetectorKind {
  new (options: { formats: string[] }): Detector
  getSupportedFormats?(): Promise<string[]>
}

async function reader(): Promise<Reader> {
  const kind = (window as unknown as { BarcodeDetector?: DetectorKind }).BarcodeDetector
  const formats = (await kind?.getSupportedFormats?.().catch(() => [])) ?? []
  if (kind && formats.includes('qr_code')) {
    const detector = new kind({ formats: ['qr_code'] })
    return async (picture) => (await detector.detect(picture))[0]?.rawValue ?? null
  }
  const { default: jsQR } = await import('jsqr')
  return async (picture) => {
    const pixels = picture.getContext('2d', { willReadFrequently: true })?.getImageData(0, 0, picture.width, picture.height)
    return pixels ? (jsQR(pixels.data, pixels.width, pixels.height, { inversionAttempts: 'dontInvert' })?.data ?? null) : null
  }
}

/** Shows the camera in `video` and tells every text that comes into sight, until the returned function is called. */
export async function film(video: HTMLVideoElement, seen: (text: string) => void): Promise<() => void> {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { facingMode: 'environment', width: { ideal: 1280 } } })
  let going = true
  const stop = (): void => {
    going = false
    for (const track of stream.getTracks()) track.stop()
    video.srcObject = null
  }
  try {
    video.srcObject = stream
    await video.play()
    const read = await reader()
    const picture = document.createElement('canvas')
    void look(read, picture)
  } catch (reason) {
    stop()
    throw reason
  }
  async function look(read: Reader, picture: HTMLCanvasElement): Promise<void> {
    let last = ''
    while (going) {
      const scale = Math.min(1, WIDTH_MAX / (video.videoWidth || WIDTH_MAX))
      picture.width = Math.round(video.videoWidth * scale)
      picture.height = Math.round(video.videoHeight * scale)
      if (picture.width > 0) {
        picture.getContext('2d', { willReadFrequently: true })?.drawImage(video, 0, 0, picture.width, picture.height)
        const text = await read(picture).catch(() => null)
        if (text && text !== last && going) {
          last = text
          seen(text)
        }
      }
      await new Promise((done) => window.setTimeout(done, 30))
    }
  }
  return stop
}
