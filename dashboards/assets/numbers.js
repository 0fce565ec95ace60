// Numbers and times as the server writes them, so that a reading and the table beside it never differ.

export const NONE = "–";

const root = document.documentElement;

/** @type {Map<number, Intl.NumberFormat>} */
const formats = new Map();

/**
 * @param {number | null | undefined} value
 * @param {number} decimals
 * @returns {string} with commas between thousands and a true minus sign
 */
export function fixed(value, decimals) {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  let format = formats.get(decimals);
  if (!format) {
    format = new Intl.NumberFormat("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals, signDisplay: "negative" });
    formats.set(decimals, format);
  }
  return format.format(value).replace("-", "−");
}

/** @param {Intl.DateTimeFormatOptions} more */
const clock = (more) =>
  new Intl.DateTimeFormat("en-GB", { timeZone: root.dataset.zone || "UTC", hourCycle: "h23", hour: "2-digit", minute: "2-digit", ...more });

const minutes = clock({});
const seconds = clock({ second: "2-digit" });

/**
 * @param {number} at seconds since 1970
 * @param {boolean} toSeconds
 * @returns {string} in the zone of the page
 */
export function time(at, toSeconds) {
  return (toSeconds ? seconds : minutes).format(at * 1000);
}
