import { add } from '../primitives/arithmetic.ts';
import { gather } from '../primitives/gather.ts';
import { matmul } from '../primitives/matmul.ts';
import { border } from '../primitives/pool.ts';
import { max } from '../primitives/reduce.ts';
import { constant } from '../primitives/source.ts';
import { broadcastTo, concat, reshape, transpose } from '../primitives/structure.ts';
import { type Geometry, gridOf, type Pair, patchPositions, pixelSources } from '../primitives/window.ts';
import type { Tensor } from '../tensor.ts';

const withZeroRow = (rows: Tensor): Tensor => concat([rows, broadcastTo(constant(0), [1, rows.shape[1]!])], 0);
const area = ([a, b]: Pair): number => a * b;
type Sizes4 = readonly [number, number, number, number];
const sizes = (t: Tensor): Sizes4 => t.shape as unknown as Sizes4;

/**
 * Convolutions of images [channels, height, width, batch]: the batch lies together, so a patch is gathered in runs of
 * that length, every convolution is one product of its weights with the patches, and nothing is transposed. The
 * gradient of the weights multiplies with the same patches.
 */
export class BatchLast {
  readonly #tables = new Map<string, Tensor>();

  /** Row numbers of `channels` blocks of `block` rows, made once for each key; −1 is the row behind them all. */
  #rows(key: string, channels: number, block: number, within: () => Int32Array): Tensor {
    const known = this.#tables.get(key);
    if (known) return known;
    const places = within();
    const data = Int32Array.from({ length: channels * places.length }, (_, i) => {
      const place = places[i % places.length]!;
      return place < 0 ? channels * block : Math.floor(i / places.length) * block + place;
    });
    const table = constant({ dtype: 'int32', shape: [data.length], data });
    this.#tables.set(key, table);
    return table;
  }

  /** Patches [C·kh·kw, h·w·n] of images [C, H, W, n]. */
  patches(x: Tensor, geometry: Geometry): Tensor {
    const [channels, , , batch] = sizes(x);
    const shape = [channels * area(geometry.kernel), area(gridOf(geometry)) * batch];
    const { kernel, stride, padding, image } = geometry;
    if (area(kernel) * area(stride) === 1 && padding[0] + padding[1] === 0) return reshape(x, shape);
    const key = `to ${channels} ${JSON.stringify(geometry)}`;
    const rows = this.#rows(key, channels, area(image), () => patchPositions(geometry));
    const flat = reshape(x, [channels * area(image), batch]);
    const readsBorder = padding[0] + padding[1] > 0;
    return reshape(gather(readsBorder ? withZeroRow(flat) : flat, rows), shape);
  }

  /** Images [C, H, W, n] of patches [C·kh·kw · h·w, n] with a row of zeros behind them. */
  #fold(patches: Tensor, channels: number, geometry: Geometry): Tensor {
    const key = JSON.stringify(geometry);
    const block = area(geometry.kernel) * area(gridOf(geometry));
    const parts = pixelSources(geometry).map((source, i) =>
      gather(
        patches,
        this.#rows(`from ${i} ${channels} ${key}`, channels, block, () => source),
      ),
    );
    return reshape(
      parts.reduce((a, b) => add(a, b)),
      [channels, ...geometry.image, patches.shape[1]!],
    );
  }

  conv(x: Tensor, w: Tensor, bias: Tensor | undefined, geometry: Geometry): Tensor {
    const [outer, channels] = sizes(w);
    const product = matmul(reshape(w, [outer, channels * area(geometry.kernel)]), this.patches(x, geometry), {
      ...(bias && { bias: reshape(bias, [outer, 1]) }),
    });
    return reshape(product, [outer, ...gridOf(geometry), x.shape[3]!]);
  }

  convTranspose(y: Tensor, w: Tensor, bias: Tensor | undefined, geometry: Geometry): Tensor {
    const [outer, channels] = sizes(w);
    const batch = sizes(y)[3];
    const rows = channels * area(geometry.kernel);
    const places = area(gridOf(geometry));
    // A weight more that is always 0 makes the row of zeros that the border reads.
    const weights = concat([reshape(w, [outer, rows]), broadcastTo(constant(0), [outer, 1])], 1);
    const product = matmul(weights, reshape(y, [outer, places * batch]), { transA: true });
    const image = this.#fold(reshape(product, [(rows + 1) * places, batch]), channels, geometry);
    return bias ? add(image, reshape(bias, [channels, 1, 1, 1])) : image;
  }

  convWeight(x: Tensor, y: Tensor, geometry: Geometry): Tensor {
    const [outer, height, width, batch] = sizes(y);
    // A product repacks its second operand: the patches are the larger one.
    const product = matmul(this.patches(x, geometry), reshape(y, [outer, height * width * batch]), { transB: true });
    return reshape(transpose(product), [outer, x.shape[0]!, ...geometry.kernel]);
  }

  unfold(x: Tensor, geometry: Geometry): Tensor {
    return reshape(this.patches(x, geometry), [
      x.shape[0]!,
      area(geometry.kernel),
      area(gridOf(geometry)),
      x.shape[3]!,
    ]);
  }

  fold(patches: Tensor, geometry: Geometry): Tensor {
    const [channels, taps, places, batch] = sizes(patches);
    const flat = reshape(patches, [channels * taps * places, batch]);
    return this.#fold(withZeroRow(flat), channels, geometry);
  }

  maxPool(x: Tensor, geometry: Geometry): Tensor {
    const patches = this.unfold(x, geometry);
    const { shape, data } = border(geometry);
    const readsBorder = geometry.padding[0] + geometry.padding[1] > 0;
    const seen = readsBorder ? add(patches, constant({ dtype: 'float32', shape: [...shape, 1], data })) : patches;
    return reshape(max(seen, { axes: 1 }), [x.shape[0]!, ...gridOf(geometry), x.shape[3]!]);
  }
}
