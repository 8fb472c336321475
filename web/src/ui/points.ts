// Exact points as people read them. The fraction is the truth; decimals are for the eye.

/** `35/2` as a number, for comparison on the screen only. */
export function asNumber(points: string): number {
  const [n, d] = points.split("/");
  return Number(n) / Number(d ?? "1");
}

/** `35/2` as people read it: `17,5` where it ends, the fraction where it does not. */
export function shownPoints(points: string, locale: string): string {
  if (!points.includes("/")) return points;
  const value = asNumber(points);
  const short = Number(value.toFixed(3));
  return Math.abs(short - value) < 1e-9 ? short.toLocaleString(locale, { maximumFractionDigits: 3 }) : points;
}

/** `85.50` with the locale's own decimal sign; the digits stay as they were given. */
export function localDecimal(text: string, locale: string): string {
  const sign = (1.5).toLocaleString(locale).charAt(1);
  return text.replace(".", sign);
}

/** `100/3` rounded to hundredths: `33,33`. */
export function roundedPoints(points: string, locale: string): string {
  return asNumber(points).toLocaleString(locale, { maximumFractionDigits: 2 });
}
