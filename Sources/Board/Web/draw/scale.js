// Where a value lies on the screen. Pure: no document, no clock.

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** Distances of marks on a time axis, in milliseconds. */
const timeSteps = [
  minute, 2 * minute, 5 * minute, 10 * minute, 15 * minute, 30 * minute, hour, 2 * hour, 3 * hour, 6 * hour, 12 * hour,
  day, 2 * day, 7 * day, 14 * day, 28 * day, 91 * day, 364 * day,
];

/**
 * Milliseconds since 1970 of an RFC 3339 time; smaller digits do not matter on a screen.
 * @param {string} time
 */
export function milliseconds(time) {
  return Date.parse(time);
}

/**
 * Maps [from, to] to [low, high]; everything to `low` if from = to.
 * @param {number} from @param {number} to @param {number} low @param {number} high
 * @returns {(value: number) => number}
 */
export function linear(from, to, low, high) {
  const span = to - from;
  return (value) => (span === 0 ? low : low + ((value - from) / span) * (high - low));
}

/** @type {Map<string, Intl.DateTimeFormat>} */
const clocks = new Map();

/** @param {string} zone IANA name */
function clock(zone) {
  let found = clocks.get(zone);
  if (!found) {
    found = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit',
      minute: '2-digit', second: '2-digit',
    });
    clocks.set(zone, found);
  }
  return found;
}

/**
 * How far the wall clock of a zone is ahead of UTC at an instant, in milliseconds.
 * @param {number} instant @param {string} zone
 */
export function zoneOffset(instant, zone) {
  const whole = Math.floor(instant / 1000) * 1000;
  /** @type {Record<string, number>} */
  const parts = {};
  for (const part of clock(zone).formatToParts(whole)) parts[part.type] = Number(part.value);
  const wall = Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute, parts.second);
  return wall - whole;
}

/**
 * Marks of a time axis at full minutes, hours or days of the zone's wall clock, in [from, to].
 * @param {number} from @param {number} to milliseconds since 1970
 * @param {string} zone IANA name
 * @param {number} most how many marks fit at most
 * @returns {{at: number, isMidnight: boolean}[]}
 */
export function timeTicks(from, to, zone, most) {
  if (!(to > from) || most < 1) return [];
  const wanted = (to - from) / most;
  const step = timeSteps.find((candidate) => candidate >= wanted) ?? timeSteps[timeSteps.length - 1];
  /** @type {{at: number, isMidnight: boolean}[]} */
  const ticks = [];
  let wall = Math.ceil((from + zoneOffset(from, zone)) / step) * step;
  for (let count = 0; count <= most + 2; count += 1, wall += step) {
    const at = wall - zoneOffset(wall - zoneOffset(wall, zone), zone);
    if (at > to) break;
    // A clock that is put back shows some times twice: no mark stands before the one that it follows.
    if (at >= from && (ticks.length === 0 || at > ticks[ticks.length - 1].at)) {
      ticks.push({ at, isMidnight: wall % day === 0 });
    }
  }
  return ticks;
}

/**
 * Round values from 0 to at least `most`: three to six marks of a value axis.
 * @param {number} most
 */
export function valueTicks(most) {
  if (!(most > 0)) return [0, 1];
  const rough = most / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? power;
  const ticks = [];
  for (let count = 0; count * step < most + step * 0.999; count += 1) {
    ticks.push(Number((count * step).toPrecision(12)));
  }
  return ticks;
}

/**
 * Which labels fit on one line without touching, the important ones first.
 * @param {{at: number, text: string, anchor: 'start' | 'middle' | 'end'}[]} labels in order of importance; `at` in pixels
 * @returns {boolean[]} whether each is shown
 */
export function fitting(labels) {
  /** @type {{left: number, right: number}[]} */
  const taken = [];
  return labels.map(({ at, text, anchor }) => {
    const width = text.length * 6.2 + 6;
    const left = anchor === 'start' ? at : anchor === 'end' ? at - width : at - width / 2;
    const place = { left, right: left + width };
    const isFree = taken.every((other) => place.right <= other.left || place.left >= other.right);
    if (isFree) taken.push(place);
    return isFree;
  });
}

/**
 * Step of an average confidence (SPEC 6.2): the three that colour and sign show.
 * @param {number | null} confidence
 * @returns {'none' | 'critical' | 'warning' | 'healthy'}
 */
export function confidenceStep(confidence) {
  if (confidence === null) return 'none';
  if (confidence < 0.75) return 'critical';
  return confidence <= 0.85 ? 'warning' : 'healthy';
}

/**
 * Step of a percentage, 0 to 4; null if unknown. Over 100 counts as the highest.
 * @param {number | null} percentage
 * @returns {0 | 1 | 2 | 3 | 4 | null}
 */
export function percentageStep(percentage) {
  if (percentage === null) return null;
  return /** @type {0 | 1 | 2 | 3 | 4} */ (Math.max(0, Math.min(4, Math.floor(percentage / 20))));
}

/**
 * The path of a line through points; a null breaks it, so that a gap is never drawn as a value.
 * A value that stands alone becomes a short stroke.
 * @param {({x: number, y: number} | null)[]} points
 */
export function brokenLine(points) {
  let path = '';
  points.forEach((point, place) => {
    if (!point) return;
    const starts = place === 0 || points[place - 1] === null;
    const ends = place === points.length - 1 || points[place + 1] === null;
    path += `${starts ? 'M' : 'L'}${round(point.x)} ${round(point.y)}`;
    if (starts && ends) path += 'h0.01';
  });
  return path;
}

/**
 * Tenths of a pixel are enough, and keep the document small.
 * @param {number} value
 */
export function round(value) {
  return Math.round(value * 10) / 10;
}
