/** Nodes and weights of Gauss and Legendre's rule on [−1, 1], by Newton's method. */
function gaussLegendre(n: number): { node: number; weight: number }[] {
  return Array.from({ length: n }, (_, i) => {
    let x = Math.cos((Math.PI * (i + 0.75)) / (n + 0.5));
    let slope = 1;
    for (let step = 0; step < 20; step++) {
      let [previous, current] = [1, x];
      for (let k = 2; k <= n; k++)
        [previous, current] = [current, ((2 * k - 1) * x * current - (k - 1) * previous) / k];
      slope = (n * (x * current - previous)) / (x * x - 1);
      x -= current / slope;
    }
    return { node: x, weight: 2 / ((1 - x * x) * slope * slope) };
  });
}

const rule = gaussLegendre(40);

/** Points and volumes for integrals over the line, smooth between neighbouring `ends`. */
export function pieces(ends: readonly number[]): { events: number[][]; volume: number[] } {
  const all = ends.slice(1).flatMap((to, i) => {
    const half = (to - ends[i]!) / 2;
    return rule.map(({ node, weight }) => ({ event: [ends[i]! + half * (1 + node)], volume: weight * half }));
  });
  return { events: all.map(({ event }) => event), volume: all.map(({ volume }) => volume) };
}
