/**
 * Whether people are shown by name: a screen in a hall may show ids only, by `names=0` in its address.
 * @module
 */
import { state } from './state.js';

/** Whether names may be shown. */
export function showsNames() {
  return state().more.names !== '0';
}
