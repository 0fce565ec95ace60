// The scorecard with weights that its reader moves. The totals are those of the report, by the same formulas; nothing is asked of any server.

/**
 * @typedef {{ value: number | null, low: number | null, high: number | null, missing: number }} Score
 * @typedef {{ id: string, name: string, weight: number, profile: number, reason: string }} Dimension
 * @typedef {{ name: string, scores: Score[] }} Vendor
 * @typedef {{ words: Record<string, string>, dimensions: Dimension[], vendors: Vendor[] }} Card
 * @typedef {{ vendor: Vendor, value: number | null, low: number, high: number, floor: number, ceiling: number }} Total
 */

/** @param {Score} of */
const known = (of) => 1 - of.missing;
/** @param {Score} of */
const floor = (of) => (of.value === null ? 0 : of.value * known(of));
/** @param {Score} of */
const below = (of) => (of.value === null || of.low === null ? 0 : (of.value - of.low) * known(of));
/** @param {Score} of */
const above = (of) => (of.value === null || of.high === null ? 0 : (of.high - of.value) * known(of));

/** @param {number[]} values */
const sum = (values) => values.reduce((all, value) => all + value, 0);

/**
 * One vendor's total: over what is known, and with the missing at 0 and at 1.
 * @param {Vendor} vendor @param {number[]} weights adding up to 1
 * @returns {Total}
 */
export function total(vendor, weights) {
  const over = (/** @type {(of: Score) => number} */ part) => sum(vendor.scores.map((of, at) => weights[at] * part(of)));
  const error = (/** @type {(of: Score) => number} */ end) => Math.sqrt(sum(vendor.scores.map((of, at) => (weights[at] * end(of)) ** 2)));
  const [share, least] = [over(known), over(floor)];
  const clamp = (/** @type {number} */ value) => Math.min(1, Math.max(0, value));
  return {
    vendor,
    value: share > 1e-12 ? clamp(least / share) : null,
    low: share > 1e-12 ? clamp((least - error(below)) / share) : 0,
    high: share > 1e-12 ? clamp((least + error(above)) / share) : 1,
    floor: least,
    ceiling: Math.min(1, least + over((of) => of.missing)),
  };
}

/**
 * Whether a vendor stays ahead of another with its missing at 0 and the other's at 1, by more than chance.
 * @param {Vendor} first @param {Vendor} other @param {number[]} weights
 */
export function isSafe(first, other, weights) {
  const pairs = weights.map((weight, at) => ({ weight, a: first.scores[at], b: other.scores[at] }));
  const value = sum(pairs.map(({ weight, a, b }) => weight * (floor(a) - floor(b) - b.missing)));
  const error = Math.sqrt(sum(pairs.map(({ weight, a, b }) => (weight * below(a)) ** 2 + (weight * above(b)) ** 2)));
  return value - error > 0;
}

/** @param {string} name @param {Record<string, string>} attributes @param {(Node | string)[]} children */
function make(name, attributes = {}, children = []) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** @param {number | null} value */
const two = (value) => (value === null ? "–" : value.toFixed(2));

/** @param {HTMLElement} place */
function start(place) {
  const data = place.querySelector("script");
  if (!data) return;
  /** @type {Card} */
  const card = JSON.parse(data.textContent ?? "");
  const { words, dimensions, vendors } = card;
  const stated = dimensions.map((of) => of.weight * 100);
  const profile = dimensions.map((of) => of.profile * 100);
  const weights = [...stated];
  const says = make("output", { "aria-live": "polite" });
  const body = make("tbody");
  const ranks = make("table", {}, [
    make("caption", {}, [words.totals]),
    make("thead", {}, [make("tr", {}, [words.rank, words.vendor, words.total, words.interval, words.bounds, ""].map((text, at) => make("th", { scope: "col", class: at > 1 && at < 5 ? "number" : "" }, [text])))]),
    body,
  ]);
  /** @type {{ range: HTMLInputElement, number: HTMLInputElement, share: HTMLElement }[]} */
  const fields = [];
  const rows = dimensions.map((of, at) => {
    const label = `${of.name}: ${words.weight}`;
    const range = /** @type {HTMLInputElement} */ (make("input", { type: "range", min: "0", max: "100", step: "1", "aria-label": label, "data-dimension": of.id }));
    const number = /** @type {HTMLInputElement} */ (make("input", { type: "number", min: "0", max: "100", step: "any", "aria-label": label, "data-dimension": of.id }));
    const share = make("td", { class: "number" });
    fields.push({ range, number, share });
    for (const field of [range, number]) {
      field.addEventListener("input", () => {
        const value = Number(field.value);
        // A field that is being emptied or holds no weight changes nothing.
        if (field.value === "" || !Number.isFinite(value) || value < 0) return;
        weights[at] = Math.min(value, 100);
        show(field);
      });
    }
    const cells = vendors.map((vendor) => {
      const score = vendor.scores[at];
      const missing = score.missing > 0 && score.value !== null ? ` (${Math.round(score.missing * 100)} % ${words.missing})` : "";
      return make("td", { class: "number" }, [score.value === null ? words.missing : two(score.value) + missing]);
    });
    return make("tr", {}, [make("th", { scope: "row" }, [of.name, make("small", {}, [of.reason])]), make("td", {}, [range, " ", number]), share, ...cells]);
  });
  const heads = [words.dimension, words.weight, words.share, ...vendors.map((vendor) => vendor.name)];
  const moved = make("table", {}, [
    make("caption", {}, [words.weights]),
    make("thead", {}, [make("tr", {}, heads.map((text, at) => make("th", { scope: "col", class: at > 1 ? "number" : "" }, [text])))]),
    make("tbody", {}, rows),
  ]);
  /** @param {string} name @param {string} text @param {number[]} to */
  const button = (name, text, to) => {
    const made = make("button", { type: "button", "data-back": name }, [text]);
    made.addEventListener("click", () => {
      to.forEach((weight, at) => { weights[at] = weight; });
      show(null);
    });
    return made;
  };
  const controls = make("div", { class: "controls" }, [button("profile", words.to_profile, profile)]);
  if (stated.some((weight, at) => Math.abs(weight - profile[at]) > 1e-9)) controls.append(button("stated", words.to_stated, stated));

  /** @param {HTMLInputElement | null} typed the field that is being typed in, which keeps what stands in it */
  function show(typed) {
    const all = sum(weights);
    fields.forEach(({ range, number, share }, at) => {
      const text = String(Math.round(weights[at] * 100) / 100);
      if (range !== typed) range.value = text;
      if (number !== typed) number.value = text;
      share.textContent = all > 0 ? `${((weights[at] / all) * 100).toFixed(1)} %` : "–";
    });
    if (all <= 0) {
      body.replaceChildren();
      says.textContent = words.nothing;
      return;
    }
    const shares = weights.map((weight) => weight / all);
    const totals = vendors.map((vendor) => total(vendor, shares));
    totals.sort((a, b) => (b.value ?? -1) - (a.value ?? -1));
    body.replaceChildren(...totals.map((of, at) => line(of, at)));
    const ahead = totals.filter((of) => of.value !== null);
    if (ahead.length < 2) {
      says.textContent = words.unknown;
      return;
    }
    const leader = ahead[0].vendor;
    const holds = vendors.every((other) => other === leader || isSafe(leader, other, shares));
    says.textContent = (holds ? words.winner : words.leader).replace("{}", () => leader.name);
  }

  /** @param {Total} of @param {number} at */
  function line(of, at) {
    const percent = (/** @type {number} */ value) => `${(value * 100).toFixed(2)}%`;
    const part = (/** @type {string} */ name, /** @type {number} */ from, /** @type {number} */ to) => {
      const made = make("i", { class: name });
      made.style.left = percent(from);
      made.style.width = percent(Math.max(0, to - from));
      return made;
    };
    const bar = make("div", { class: "bar", "aria-hidden": "true" }, [part("known", 0, of.floor), part("missing", of.floor, of.ceiling)]);
    const range = of.value === null ? "–" : `${two(of.low)} – ${two(of.high)}`;
    return make("tr", { "data-vendor": of.vendor.name }, [
      make("td", {}, [of.value === null ? "–" : String(at + 1)]),
      make("th", { scope: "row" }, [of.vendor.name]),
      ...[two(of.value), range, `${two(of.floor)} – ${two(of.ceiling)}`].map((text) => make("td", { class: "number" }, [text])),
      make("td", {}, [bar]),
    ]);
  }

  show(null);
  place.append(make("div", { class: "scorecard" }, [make("p", {}, [says]), ranks, controls, moved]));
}

document.querySelectorAll('[data-live="scorecard"]').forEach((place) => start(/** @type {HTMLElement} */ (place)));
