// Only + - * / and Math.sqrt, which IEEE 754 rounds exactly: the same bits on every engine. Math.log is not such.

const float = new Float64Array(1);
const halves = new Uint32Array(float.buffer);
/** Index of the half with the exponent: 1 on little-endian machines. */
const top = new Uint8Array(Uint16Array.of(1).buffer)[0]!;

/** 2^(n - 1024) at index n. Scaling by it is quicker than writing an exponent into `halves`, which stalls the load after it. */
const powers = new Float64Array(2048);
powers[1024] = 1;
for (let n = 1; n < 1024; n++) powers[1024 + n] = 2 * powers[1023 + n]!;
for (let n = 1024; n > 0; n--) powers[n - 1] = powers[n]! / 2;

/** ln 2 in two parts; the first has few enough bits that its product with an exponent is exact. */
const ln2High = 0.6931471803691238;
const ln2Low = 1.9082149292705877e-10;

/**
 * Natural logarithm in float64 within 1 ulp, identical on every engine. With x = 2^k (1 + f), √½ ≤ 1 + f < √2 and
 * s = f / (2 + f): ln(1 + f) = 2 artanh s = f - s (f - R), R = Σ_{n≥1} 2 s^2n / (2n + 1).
 */
export function portableLog(x: number): number {
  if (!(x > 0 && x < Number.POSITIVE_INFINITY)) return x > 0 ? x : x === 0 ? Number.NEGATIVE_INFINITY : Number.NaN;
  let k = -1023;
  if (x < 2.2250738585072014e-308) {
    x *= 2 ** 54;
    k -= 54;
  }
  float[0] = x;
  const high = halves[top]!;
  const exponent = (high >>> 20) + ((high & 0xfffff) >= 0x6a09e ? 1 : 0); // 1.6a09e… = √2
  k += exponent;
  const f = x * powers[2047 - exponent]! - 1;
  const s = f / (2 + f);
  const z = s * s;
  const z2 = z * z;
  const low = 2 / 3 + z * (2 / 5) + z2 * (2 / 7 + z * (2 / 9));
  const middle = 2 / 11 + z * (2 / 13) + z2 * (2 / 15 + z * (2 / 17));
  const r = z * (low + z2 * z2 * (middle + z2 * z2 * (2 / 19 + z * (2 / 21))));
  const square = 0.5 * f * f;
  return k * ln2High - (square - (s * (square + r) + k * ln2Low) - f);
}

/**
 * Quantile function of N(0, 1): the z with Φ(z) = p, for p in (0, 1); ∓∞ at 0 and 1, NaN outside. Relative error about
 * 1e-16 (M. J. Wichura, algorithm AS 241, PPND16, Applied Statistics 37, 1988): a ratio a / b of two polynomials of
 * degree 7 in each of three regions.
 */
export function normalQuantile(p: number): number {
  const q = p - 0.5;
  if (q < -0.425) return -upperTail(p);
  if (q > 0.425) return upperTail(1 - p);
  const r = 0.180625 - q * q;
  let a = 2509.0809287301227;
  a = a * r + 33430.57558358813;
  a = a * r + 67265.7709270087;
  a = a * r + 45921.95393154987;
  a = a * r + 13731.69376550946;
  a = a * r + 1971.5909503065513;
  a = a * r + 133.14166789178438;
  a = a * r + 3.3871328727963665;
  let b = 5226.495278852854;
  b = b * r + 28729.085735721943;
  b = b * r + 39307.89580009271;
  b = b * r + 21213.794301586597;
  b = b * r + 5394.196021424751;
  b = b * r + 687.1870074920579;
  b = b * r + 42.31333070160091;
  b = b * r + 1;
  return (q * a) / b;
}

/** The z > 0 with 1 - Φ(z) = p, for p ≤ 0.075. */
function upperTail(p: number): number {
  if (!(p > 0)) return p === 0 ? Number.POSITIVE_INFINITY : Number.NaN;
  const distance = Math.sqrt(-portableLog(p));
  return distance <= 5 ? nearTail(distance - 1.6) : farTail(distance - 5);
}

function nearTail(r: number): number {
  let a = 0.0007745450142783414;
  a = a * r + 0.022723844989269184;
  a = a * r + 0.2417807251774506;
  a = a * r + 1.2704582524523684;
  a = a * r + 3.6478483247632045;
  a = a * r + 5.769497221460691;
  a = a * r + 4.630337846156546;
  a = a * r + 1.4234371107496835;
  let b = 1.0507500716444169e-9;
  b = b * r + 0.0005475938084995345;
  b = b * r + 0.015198666563616457;
  b = b * r + 0.14810397642748008;
  b = b * r + 0.6897673349851;
  b = b * r + 1.6763848301838038;
  b = b * r + 2.053191626637759;
  b = b * r + 1;
  return a / b;
}

function farTail(r: number): number {
  let a = 2.0103343992922881e-7;
  a = a * r + 2.7115555687434876e-5;
  a = a * r + 0.0012426609473880784;
  a = a * r + 0.026532189526576124;
  a = a * r + 0.29656057182850487;
  a = a * r + 1.7848265399172913;
  a = a * r + 5.463784911164114;
  a = a * r + 6.657904643501103;
  let b = 2.0442631033899397e-15;
  b = b * r + 1.421511758316446e-7;
  b = b * r + 1.8463183175100548e-5;
  b = b * r + 0.0007868691311456133;
  b = b * r + 0.014875361290850615;
  b = b * r + 0.1369298809227358;
  b = b * r + 0.599832206555888;
  b = b * r + 1;
  return a / b;
}

/** A standard normal from 32 random bits: the quantile at (word + ½) 2^-32, symmetric, at most 6.34 in size. */
export const normalFromWord = (word: number): number => normalQuantile((word + 0.5) * 2 ** -32);

/** A uniform from the top 23 of 32 random bits, strictly inside (0, 1), symmetric about ½ and exact in float32. */
export const uniformFromWord = (word: number): number => ((word >>> 9) + 0.5) * 2 ** -23;
