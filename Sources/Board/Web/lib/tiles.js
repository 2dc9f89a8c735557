/**
 * Steps of colour, each with a sign, so that none is told by colour alone.
 * @module
 */

/**
 * @param {number | null | undefined} value in percent
 * @returns {0 | 1 | 2 | 3 | 4 | 5} 0: not known
 */
export function step(value) {
  if (value === null || value === undefined) return 0;
  return value >= 80 ? 5 : value >= 60 ? 4 : value >= 40 ? 3 : value >= 20 ? 2 : 1;
}

/** A sign for each step. */
export const signs = ['?', '▁', '▂', '▄', '▆', '█'];
