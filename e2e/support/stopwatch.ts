/** Counts what a person does, and how long it would take them. */
import type { Locator, Page } from '@playwright/test';

/**
 * Seconds of the keystroke-level model: Card, Moran and Newell, “The Keystroke-Level Model for User Performance Time with
 * Interactive Systems”, CACM 23(7), 1980. A key of an average typist, pointing with a mouse, a press of its button, and
 * deciding what to do next.
 */
const KEY = 0.2;
const POINT = 1.1;
const PRESS = 0.2;
const DECIDE = 1.35;

export class Stopwatch {
  readonly #page: Page;
  /** Clicks, keys that do something, and fields that are filled in: one each. */
  actions = 0;
  /**
   * Seconds at human pace: what the actions would take a person. What the product itself takes is measured elsewhere, as it depends
   * on what else this machine does.
   */
  seconds = 0;

  constructor(page: Page) {
    this.#page = page;
  }

  async click(target: Locator): Promise<void> {
    this.#act(POINT + PRESS);
    await target.click();
  }

  /** Drags with the mouse. */
  async drag(from: Locator, to: Locator): Promise<void> {
    this.#act(2 * POINT + PRESS);
    await from.hover();
    await this.#page.mouse.down();
    await to.hover();
    await this.#page.mouse.up();
  }

  /** Points at a field, and types. */
  async fill(field: Locator, text: string): Promise<void> {
    this.#act(POINT + PRESS + text.length * KEY);
    await field.fill(text);
  }

  /** Presses a key, or several at once. */
  async press(keys: string): Promise<void> {
    this.#act(keys.split('+').length * KEY);
    await this.#page.keyboard.press(keys);
  }

  /** Types where the focus is. */
  async type(text: string): Promise<void> {
    this.#act(text.length * KEY);
    await this.#page.keyboard.insertText(text);
  }

  /** Goes back to the page before. */
  async back(): Promise<void> {
    this.#act(POINT + PRESS);
    await this.#page.goBack();
  }

  /** Prints the figures. */
  report(what: string): void {
    console.log(`    ${what}: ${this.actions} actions, ${this.seconds.toFixed(0)} s at human pace`);
  }

  #act(seconds: number): void {
    this.actions += 1;
    this.seconds += DECIDE + seconds;
  }
}
