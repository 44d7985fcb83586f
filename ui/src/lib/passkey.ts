/** How a page asks a device for a passkey (WebAuthn). All that is bytes is Base64 for addresses. */

interface Asked {
  challenge: string;
  rp_id: string;
}

interface AskedNew extends Asked {
  user_id: string;
  user_name: string;
  user_display_name: string;
  known: readonly string[];
}

/** What a device has made. */
export interface Made {
  credential: string;
  client_data: string;
  authenticator_data: string;
}

/** What a device has signed. */
export interface Signed extends Made {
  signature: string;
}

/** ES256, Ed25519 and RS256. */
const ALGORITHMS = [-7, -8, -257];

/** Whether this browser has passkeys at all. */
export const hasPasskeys = () => typeof window.PublicKeyCredential === 'function';

/** Has a device make a passkey; `null` if the person does not go on. */
export async function makePasskey(asked: AskedNew): Promise<Made | null> {
  const user = { id: bytesOf(asked.user_id), name: asked.user_name, displayName: asked.user_display_name };
  const made = await ended(
    navigator.credentials.create({
      publicKey: {
        challenge: bytesOf(asked.challenge),
        rp: { id: asked.rp_id, name: 'Steadflow' },
        user,
        pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: 'public-key', alg })),
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
        excludeCredentials: asked.known.map((id) => ({ type: 'public-key', id: bytesOf(id) })),
      },
    }),
  );
  if (made === null) return null;
  const response = made.response as AuthenticatorAttestationResponse;
  return {
    credential: textOf(made.rawId),
    client_data: textOf(response.clientDataJSON),
    authenticator_data: textOf(response.getAuthenticatorData()),
  };
}

/** Has a device sign with a passkey; `null` if the person does not go on. */
export async function signWithPasskey(asked: Asked): Promise<Signed | null> {
  const signed = await ended(
    navigator.credentials.get({
      publicKey: { challenge: bytesOf(asked.challenge), rpId: asked.rp_id, userVerification: 'required' },
    }),
  );
  if (signed === null) return null;
  const response = signed.response as AuthenticatorAssertionResponse;
  return {
    credential: textOf(signed.rawId),
    client_data: textOf(response.clientDataJSON),
    authenticator_data: textOf(response.authenticatorData),
    signature: textOf(response.signature),
  };
}

/** Somebody who closes the question has not made an error. */
async function ended(asking: Promise<Credential | null>): Promise<PublicKeyCredential | null> {
  try {
    return (await asking) as PublicKeyCredential | null;
  } catch (error) {
    if (error instanceof DOMException && (error.name === 'NotAllowedError' || error.name === 'AbortError')) return null;
    throw error;
  }
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

function textOf(bytes: ArrayBuffer): string {
  const binary = String.fromCharCode(...new Uint8Array(bytes));
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
