/**
 * The words of the page: one catalogue per language. `en.js` says which texts there are; a type checker says which one
 * another language lacks.
 * @module
 */
import { de } from '../text/de.js';
import { en } from '../text/en.js';
import { setLanguage } from './format.js';
import { state } from './state.js';

/** @typedef {keyof typeof en} TextKey */

/** @type {Record<string, Record<TextKey, string>>} */
const catalogues = { en, de };

/** The languages of the board, each by its own name. */
export const languages = { en: 'English', de: 'Deutsch' };

let language = 'en';
let plural = new Intl.PluralRules(language);

/** Takes the language that the address asks for, else the one chosen before, else the browser's. */
export function chooseLanguage() {
  const wanted = [state().lang, stored('andon.lang'), ...navigator.languages.map((one) => one.slice(0, 2))];
  language = wanted.find((one) => one !== null && one in catalogues) ?? 'en';
  plural = new Intl.PluralRules(language);
  document.documentElement.lang = language;
  setLanguage(language);
}

/** The language of the page. */
export function currentLanguage() {
  return language;
}

/**
 * The text of a key, with `{name}` replaced by values.
 * @param {TextKey} key
 * @param {Record<string, string | number>} [values]
 * @returns {string}
 */
export function t(key, values) {
  const text = catalogues[language]?.[key];
  if (text === undefined) console.error(`no text ${key} in ${language}`);
  return (text ?? key).replaceAll(/\{(\w+)\}/g, (all, /** @type {string} */ name) => isolated(String(values?.[name] ?? all)));
}

/** Writing from right to left, and marks that turn the direction. */
const turning = /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufefc]/u;

/**
 * A value that cannot turn the text around it: between marks that isolate, where it could.
 * @param {string} value
 */
function isolated(value) {
  return turning.test(value) ? `\u2068${value}\u2069` : value;
}

/**
 * The text of a key that data make; the value itself where there is none, e.g. for what a newer server names.
 * @param {string} prefix
 * @param {string | null | undefined} value
 * @returns {string}
 */
export function named(prefix, value) {
  if (value === null || value === undefined) return '–';
  return catalogues[language]?.[/** @type {TextKey} */ (`${prefix}.${value}`)] ?? value;
}

/**
 * `key.one` or `key.other`, as the count asks for.
 * @param {string} key
 * @param {number} count
 * @param {string} shown the count as it is written
 */
export function counted(key, count, shown) {
  const form = plural.select(count) === 'one' ? 'one' : 'other';
  return t(/** @type {TextKey} */ (`${key}.${form}`), { count: shown });
}

/**
 * @param {string} name
 * @returns {string | null}
 */
export function stored(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

/**
 * @param {string} name
 * @param {string | null} value
 */
export function store(name, value) {
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
  } catch {
    // The choice then lasts as long as the page.
  }
}
