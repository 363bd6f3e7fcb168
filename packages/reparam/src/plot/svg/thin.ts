/** Most points drawn in one chart; more make pages heavy and show nothing new. */
export const maxPoints = 3000;

/** At most `limit` of `count` indices, evenly spread, with the first and the last. */
export function spread(count: number, limit = maxPoints): number[] {
  if (count <= limit) return Array.from({ length: count }, (_, i) => i);
  return Array.from({ length: limit }, (_, i) => Math.round((i * (count - 1)) / (limit - 1)));
}
