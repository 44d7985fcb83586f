/** The nonce that the server put into the page; style elements created by scripts must carry it. */
export const styleNonce: string = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? '';

declare global {
  // For the scroll lock of Mantine's modals, which creates a style element of its own.
  var __webpack_nonce__: string | undefined;
}

globalThis.__webpack_nonce__ = styleNonce;
