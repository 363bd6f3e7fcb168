import { base64 } from '../base64.ts';
import { encodePng, type Image } from '../png.ts';
import { element } from './markup.ts';
import { sheet, sheetTop } from './sheet.ts';
import { text } from './text.ts';

/** A picture as SVG, with what grows to the right and upwards written at its edges. */
export function imageFigure(
  image: Image,
  {
    title,
    x,
    y,
    caption,
  }: { readonly title: string; readonly x: string; readonly y: string; readonly caption?: string },
): string {
  const size = 560;
  const height = (size * image.height) / image.width;
  const href = `data:image/png;base64,${base64(encodePng(image))}`;
  const middle = sheetTop + height / 2;
  return sheet({ title, caption, width: size + 54, height: height + 26 }, [
    element('image', { x: 40, y: sheetTop, width: size, height, href, 'image-rendering': 'optimizeSpeed' }),
    text(40 + size / 2, sheetTop + height + 18, x, { 'text-anchor': 'middle' }),
    text(24, middle, y, { 'text-anchor': 'middle', transform: `rotate(-90 24 ${middle})` }),
  ]);
}
