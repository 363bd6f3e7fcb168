import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

/** The family of the fonts that come with the command; text in other scripts than theirs is left to SVG. */
const family = 'DejaVu Sans Condensed';

let ready: Promise<(svg: string, scale: number) => Uint8Array> | undefined;

/** An SVG chart as the bytes of a PNG file, `scale` times its size in pixels. Fonts of the system are not used. */
export async function rasterize(svg: string, scale = 1.5): Promise<Uint8Array> {
  ready ??= open();
  return (await ready)(svg, scale);
}

async function open() {
  const { initWasm, Resvg } = await import('@resvg/resvg-wasm');
  await initWasm(await readFile(createRequire(import.meta.url).resolve('@resvg/resvg-wasm/index_bg.wasm')));
  const fontBuffers = await Promise.all(
    ['Regular', 'Bold'].map((style) => readFile(new URL(`../fonts/DejaVuSansCondensed-${style}.ttf`, import.meta.url))),
  );
  return (svg: string, scale: number) => {
    const drawing = new Resvg(svg, {
      fitTo: { mode: 'zoom', value: scale },
      font: { fontBuffers, defaultFontFamily: family, sansSerifFamily: family },
    });
    try {
      return drawing.render().asPng();
    } finally {
      drawing.free();
    }
  };
}
