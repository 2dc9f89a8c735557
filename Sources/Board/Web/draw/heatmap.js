import { confidenceStep, milliseconds, percentageStep } from './scale.js';
import { uniqueID } from './svg.js';

/**
 * @typedef {object} HeatRow
 * @property {string} id
 * @property {string} name
 * @property {string} [href] page of the row
 * @property {(number | null)[]} values one a bucket
 */

/**
 * @typedef {object} HeatOptions
 * @property {string} label
 * @property {{from: string, to: string}[]} buckets
 * @property {'confidence' | 'percentage'} scale three steps with signs, or five shades with numbers
 * @property {(time: number) => string} time a time of day
 * @property {(time: number) => string} date a day
 * @property {(row: HeatRow, place: number) => string} describe all words about one cell
 * @property {(row: HeatRow, place: number) => void} [onSelect]
 * @property {string} corner heading of the column of names
 * @property {HeatView} [view] kept from drawing to drawing, so that neither the cursor nor what is in view jumps
 */

/**
 * @typedef {{row: number, column: number, top: number, left: number}} HeatView cell of the cursor, and how far it is scrolled
 */

const rowHeight = 26;
const headHeight = 26;
const rowsShown = 24;
const spareRows = 4;

/** The sign of each step, so that colour never stands alone. */
export const confidenceSigns = { none: '', critical: '✕', warning: '~', healthy: '·' };

/**
 * What a cell shows: the class of its ground, and its sign or number.
 * @param {number | null} value @param {'confidence' | 'percentage'} scale
 */
export function cellLook(value, scale) {
  if (value === null) return { step: 'none', sign: '' };
  if (scale === 'confidence') {
    const step = confidenceStep(value);
    return { step, sign: confidenceSigns[step] };
  }
  return { step: `shade-${percentageStep(value)}`, sign: String(Math.round(value)) };
}

/**
 * Which rows stand in a viewport, with a few spare ones at both ends.
 * @param {number} scrolled in CSS pixels @param {number} height of the viewport @param {number} count of all rows
 */
export function rowsInView(scrolled, height, count) {
  const first = Math.max(0, Math.floor(scrolled / rowHeight) - spareRows);
  const last = Math.min(count, Math.ceil((scrolled + height) / rowHeight) + spareRows);
  return { first: Math.min(first, Math.max(0, count - 1)), last };
}

/** Columns that a label needs. */
const labelColumns = 3;

/**
 * What stands above each bucket: its date where a day begins, else its time as far as there is room.
 * @param {string[]} dates of the buckets
 * @returns {('date' | 'time' | '')[]}
 */
export function bucketLabels(dates) {
  let free = 0;
  return dates.map((date, place) => {
    if (place < free) return '';
    const isDate = place === 0 || date !== dates[place - 1];
    // A date that is about to come needs the room more.
    const next = dates.slice(place + 1, place + labelColumns);
    if (!isDate && next.some((later, ahead) => later !== dates[place + ahead])) return '';
    free = place + labelColumns;
    return isDate ? 'date' : 'time';
  });
}

/**
 * Rows by buckets. Only rows in view exist in the document, so that thousands cost no more than twenty.
 *
 * One stop of the Tab key; arrows, Page Up and Down, Home and End move a cell cursor, whose words are shown and read
 * out; Enter selects.
 * @param {HeatRow[]} rows
 * @param {HeatOptions} options
 * @returns {HTMLElement}
 */
export function heatmap(rows, options) {
  return new HeatMap(rows, options).root;
}

class HeatMap {
  /** @param {HeatRow[]} rows @param {HeatOptions} options */
  constructor(rows, options) {
    this.rows = rows;
    this.options = options;
    this.stem = uniqueID('cell');
    this.view = options.view ?? { row: 0, column: 0, top: 0, left: 0 };
    this.row = Math.min(this.view.row, Math.max(0, rows.length - 1));
    this.column = Math.min(this.view.column, Math.max(0, options.buckets.length - 1));
    /** @type {Map<number, HTMLElement>} */
    this.drawn = new Map();
    this.root = element('div', `heatmap ${options.scale}`);
    this.grid = element('div', 'grid');
    this.body = element('div', 'rows');
    this.tip = element('div', 'tip');
    this.build();
    this.listen();
    this.render();
    if (this.view.top > 0 || this.view.left > 0) requestAnimationFrame(() => this.grid.scrollTo(this.view.left, this.view.top));
  }

  build() {
    const { grid, options } = this;
    grid.tabIndex = 0;
    grid.dataset.key = 'heatmap';
    for (const [name, value] of Object.entries({
      role: 'grid', 'aria-label': options.label, 'aria-rowcount': String(this.rows.length + 1),
      'aria-colcount': String(options.buckets.length + 1), 'aria-readonly': 'true',
    })) grid.setAttribute(name, value);
    grid.style.setProperty('--columns', String(options.buckets.length));
    grid.style.setProperty('--view', `${Math.min(this.rows.length, rowsShown) * rowHeight + headHeight}px`);
    this.body.style.setProperty('--all', `${this.rows.length * rowHeight}px`);
    this.body.setAttribute('role', 'rowgroup');
    grid.append(this.head(), this.body);
    this.tip.setAttribute('aria-hidden', 'true');
    this.tip.hidden = true;
    this.root.append(grid, this.tip);
  }

  head() {
    const { buckets } = this.options;
    const row = part('row', 'head');
    row.setAttribute('aria-rowindex', '1');
    const corner = part('columnheader', 'name');
    corner.textContent = this.options.corner;
    row.append(corner);
    const shown = bucketLabels(buckets.map(({ from }) => this.options.date(milliseconds(from))));
    buckets.forEach((bucket, place) => {
      const at = milliseconds(bucket.from);
      const cell = part('columnheader', 'bucket');
      const full = element('span', 'sr');
      full.textContent = `${this.options.date(at)} ${this.options.time(at)}`;
      cell.append(full);
      if (shown[place] !== '') {
        const isDate = shown[place] === 'date';
        const text = element('span', isDate ? 'label date' : 'label');
        text.setAttribute('aria-hidden', 'true');
        text.textContent = isDate ? this.options.date(at) : this.options.time(at);
        cell.append(text);
      }
      row.append(cell);
    });
    const group = part('rowgroup', 'heading');
    group.append(row);
    return group;
  }

  /** Draws the rows in view, and drops those that left it. */
  render() {
    const height = this.grid.clientHeight || rowsShown * rowHeight;
    const { first, last } = rowsInView(this.grid.scrollTop, height, this.rows.length);
    for (const [place, row] of this.drawn) {
      if (place >= first && place < last) continue;
      row.remove();
      this.drawn.delete(place);
    }
    for (let place = first; place < last; place += 1) {
      if (this.drawn.has(place)) continue;
      const row = this.drawRow(place);
      this.drawn.set(place, row);
      const after = [...this.drawn.keys()].filter((other) => other > place).sort((one, other) => one - other)[0];
      this.body.insertBefore(row, after === undefined ? null : this.drawn.get(after) ?? null);
    }
    this.point();
  }

  /** @param {number} place */
  drawRow(place) {
    const data = this.rows[place];
    const row = part('row', 'row');
    row.setAttribute('aria-rowindex', String(place + 2));
    row.style.setProperty('--top', `${place * rowHeight}px`);
    const name = part('rowheader', 'name');
    const text = document.createElement(data.href ? 'a' : 'span');
    if (text instanceof HTMLAnchorElement) {
      text.href = data.href ?? '';
      text.tabIndex = -1;
    }
    text.textContent = data.name;
    text.title = data.name === data.id ? data.id : `${data.name} (${data.id})`;
    name.append(text);
    row.append(name);
    data.values.forEach((value, column) => {
      const look = cellLook(value, this.options.scale);
      const cell = part('gridcell', `cell ${look.step}`);
      cell.id = `${this.stem}-${place}-${column}`;
      cell.textContent = look.sign;
      cell.setAttribute('aria-label', this.options.describe(data, column));
      row.append(cell);
    });
    return row;
  }

  listen() {
    this.grid.addEventListener('scroll', () => {
      this.view.top = this.grid.scrollTop;
      this.view.left = this.grid.scrollLeft;
      this.render();
    }, { passive: true });
    this.grid.addEventListener('keydown', (event) => this.key(event));
    this.grid.addEventListener('focus', () => this.reveal());
    this.grid.addEventListener('blur', () => this.hide());
    this.grid.addEventListener('pointerleave', () => this.hide());
    this.grid.addEventListener('pointerover', (event) => {
      const cell = this.cellAt(event.target);
      if (cell) this.show(cell.row, cell.column);
    });
    this.grid.addEventListener('click', (event) => {
      const cell = this.cellAt(event.target);
      if (!cell) return;
      this.row = cell.row;
      this.column = cell.column;
      this.point();
      this.options.onSelect?.(this.rows[cell.row], cell.column);
    });
  }

  /** @param {EventTarget | null} target */
  cellAt(target) {
    if (!(target instanceof HTMLElement) || !target.id.startsWith(`${this.stem}-`)) return null;
    const [row, column] = target.id.slice(this.stem.length + 1).split('-').map(Number);
    return { row, column };
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const last = { row: this.rows.length - 1, column: this.options.buckets.length - 1 };
    let { row, column } = this;
    switch (event.key) {
      case 'ArrowLeft': column -= 1; break;
      case 'ArrowRight': column += 1; break;
      case 'ArrowUp': row -= 1; break;
      case 'ArrowDown': row += 1; break;
      case 'PageUp': row -= rowsShown - 2; break;
      case 'PageDown': row += rowsShown - 2; break;
      case 'Home': if (event.ctrlKey) row = 0; column = 0; break;
      case 'End': if (event.ctrlKey) row = last.row; column = last.column; break;
      case 'Escape': this.hide(); return;
      case 'Enter': if (this.rows.length) this.options.onSelect?.(this.rows[this.row], this.column); return;
      default: return;
    }
    event.preventDefault();
    this.row = Math.max(0, Math.min(last.row, row));
    this.column = Math.max(0, Math.min(last.column, column));
    this.reveal();
  }

  /** Scrolls to the cell of the cursor and shows its words. */
  reveal() {
    if (this.rows.length === 0 || this.options.buckets.length === 0) return;
    const top = this.row * rowHeight;
    const room = this.grid.clientHeight - headHeight;
    if (top < this.grid.scrollTop) this.grid.scrollTop = top;
    if (top + rowHeight > this.grid.scrollTop + room) this.grid.scrollTop = top + rowHeight - room;
    this.render();
    const cell = this.cell(this.row, this.column);
    const name = this.drawn.get(this.row)?.firstElementChild;
    if (cell && name instanceof HTMLElement) {
      const left = cell.offsetLeft - name.offsetWidth;
      if (left < this.grid.scrollLeft) this.grid.scrollLeft = left;
      const right = cell.offsetLeft + cell.offsetWidth - this.grid.clientWidth;
      if (right > this.grid.scrollLeft) this.grid.scrollLeft = right;
    }
    this.show(this.row, this.column);
  }

  /** @param {number} row @param {number} column */
  cell(row, column) {
    const found = this.drawn.get(row)?.children[column + 1];
    return found instanceof HTMLElement ? found : null;
  }

  /** Marks the cell of the cursor. */
  point() {
    for (const marked of this.body.querySelectorAll('.cursor')) marked.classList.remove('cursor');
    this.view.row = this.row;
    this.view.column = this.column;
    const cell = this.cell(this.row, this.column);
    if (!cell) return;
    cell.classList.add('cursor');
    this.grid.setAttribute('aria-activedescendant', cell.id);
  }

  /** @param {number} row @param {number} column */
  show(row, column) {
    const cell = this.cell(row, column);
    if (!cell) return;
    this.tip.textContent = this.options.describe(this.rows[row], column);
    this.tip.hidden = false;
    const box = cell.getBoundingClientRect();
    const around = this.root.getBoundingClientRect();
    const left = Math.max(0, Math.min(box.left - around.left, around.width - this.tip.offsetWidth));
    this.tip.style.setProperty('--left', `${left}px`);
    this.tip.style.setProperty('--down', `${box.bottom - around.top + 4}px`);
  }

  hide() {
    this.tip.hidden = true;
  }
}

/** @param {string} name @param {string} className */
function element(name, className) {
  const made = document.createElement(name);
  if (className) made.className = className;
  return made;
}

/** @param {string} role @param {string} className */
function part(role, className) {
  const made = element('div', className);
  made.setAttribute('role', role);
  return made;
}
