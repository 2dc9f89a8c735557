/**
 * Whether people are shown by name: a site may say that boards show ids only.
 * @module
 */
let shown = true;

/** @param {boolean} value */
export function setNames(value) {
  shown = value;
}

/** Whether names may be shown. */
export function showsNames() {
  return shown;
}
