/** The nonce that the server put into the page; style elements that scripts make must carry it. */
export const styleNonce: string = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? '';

declare global {
  // Read by the scroll lock below Mantine's modals, which makes a style element of its own.
  var __webpack_nonce__: string | undefined;
}

globalThis.__webpack_nonce__ = styleNonce;
