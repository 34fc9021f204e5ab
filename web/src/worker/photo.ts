// Photo: makes a picture small enough to send, upright, and without what nobody sees in it. One at a time, and closed after.
import { Refusal } from "./fault";

const LONG_SIDE = 1600;
const THUMB_SIDE = 320;
const QUALITY = 0.8;
const THUMB_QUALITY = 0.7;

export type Shrunk = { photo: Blob; thumb: Blob; width: number; height: number };
type Drawable = (ImageBitmap | VideoFrame) & { close(): void };
type Decoded = { image: Drawable; width: number; height: number };
type DecoderOptions = { data: ReadableStream; type: string; desiredWidth?: number; desiredHeight?: number };
type DecoderClass = {
  new (options: DecoderOptions): { decode(): Promise<{ image: VideoFrame }>; close(): void; tracks: { ready: Promise<void> } };
  isTypeSupported(type: string): Promise<boolean>;
};

/** Returns the photo and its small form as JPEG. Encoding once more leaves place, camera and time of the file behind. */
export async function shrink(file: Blob): Promise<Shrunk> {
  if (file.size === 0) throw new Refusal("photo_empty");
  const decoded = await decode(file);
  try {
    const large = fit(decoded, LONG_SIDE);
    const small = fit(decoded, THUMB_SIDE);
    const photo = await draw(decoded.image, large, QUALITY);
    const thumb = await draw(decoded.image, small, THUMB_QUALITY);
    return { photo, thumb, ...large };
  } finally {
    decoded.image.close();
  }
}

/** Decodes. Both ways turn the picture upright by themselves. */
async function decode(file: Blob): Promise<Decoded> {
  const type = await typeOf(file);
  const decoder = (globalThis as { ImageDecoder?: DecoderClass }).ImageDecoder;
  if (decoder && type !== null && (await decoder.isTypeSupported(type))) {
    const image = await decodeLarge(decoder, file, type).catch(() => null);
    if (image) return { image, width: image.displayWidth, height: image.displayHeight };
  }
  try {
    const image = await createImageBitmap(file);
    return { image, width: image.width, height: image.height };
  } catch {
    throw new Refusal(type === "image/heic" ? "photo_heic" : "photo_unreadable");
  }
}

/** Decodes to about the wanted size, which keeps a picture of 108 megapixels from filling the memory. */
async function decodeLarge(decoder: DecoderClass, file: Blob, type: string): Promise<VideoFrame> {
  const one = new decoder({ data: file.stream(), type, desiredWidth: LONG_SIDE, desiredHeight: LONG_SIDE });
  try {
    return (await one.decode()).image;
  } finally {
    one.close();
  }
}

/** Returns the type that the bytes have: names and types that cameras give are often wrong. */
async function typeOf(file: Blob): Promise<string | null> {
  const head = new Uint8Array(await file.slice(0, 12).arrayBuffer());
  const text = String.fromCharCode(...head);
  if (head[0] === 0xff && head[1] === 0xd8) return "image/jpeg";
  if (text.startsWith("\x89PNG")) return "image/png";
  if (text.startsWith("RIFF") && text.endsWith("WEBP")) return "image/webp";
  return /ftyp(heic|heix|mif1|hevc)/.test(text) ? "image/heic" : null;
}

function fit({ width, height }: Decoded, side: number): { width: number; height: number } {
  const scale = Math.min(1, side / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

async function draw(image: Drawable, to: { width: number; height: number }, quality: number): Promise<Blob> {
  const canvas = new OffscreenCanvas(to.width, to.height);
  const context = canvas.getContext("2d");
  if (!context) throw new Refusal("photo_unreadable");
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, to.width, to.height);
  return canvas.convertToBlob({ type: "image/jpeg", quality });
}
