/**
 * Whether people are shown by name. A site may say that its boards show ids only (`board_names` of its definition), and a
 * single screen may, by `names=0` in its address. Until the site has said, no name is shown.
 * @module
 */
import { siteOf } from './sites.js';
import { state } from './state.js';

/** Whether names may be shown. */
export function showsNames() {
  const { site, more } = state();
  return more.names !== '0' && siteOf(site)?.board_names === true;
}

/**
 * The name of a worker, or the id where names are not shown or not known.
 * @param {{ worker_id: string, worker_name?: string | null }} worker
 */
export function workerName(worker) {
  return (showsNames() && worker.worker_name) || worker.worker_id;
}
