/** Programs that start a flow. All functions are pure. */
import { writeJson } from '@/lib/json';
import type { Signing } from './signing';

export const LANGUAGES = ['curl', 'python', 'typescript'] as const;
export type Language = (typeof LANGUAGES)[number];

/** What a program sends. */
export interface Request {
  address: string;
  /** JSON. */
  body: string;
  /** `null` for a call of the API, which is not signed. */
  signing: Signing | null;
}

const WRITERS: Record<Language, (request: Request) => string> = { curl, python, typescript };

/** Returns a program in one file that needs nothing else. */
export function snippetOf(language: Language, request: Request): string {
  return WRITERS[language](request);
}

/** What a template asks for. */
type Part = 'id' | 'time' | 'body' | 'signature' | 'secret';

const API_HEADERS = [['Idempotency-Key', '{id}']] as const;

function headersOf({ signing }: Request): readonly (readonly [string, string])[] {
  return [['Content-Type', 'application/json'], ...(signing?.headers ?? API_HEADERS)];
}

function asksFor(request: Request, part: Part): boolean {
  const texts = [...headersOf(request).map(([, value]) => value), request.signing?.signed ?? ''];
  return texts.some((text) => text.includes(`{${part}}`));
}

/** Fills a template: texts by `literal`, what it asks for by `value`. */
function filled(template: string, literal: (text: string) => string, value: (part: Part) => string): string {
  const parts = template.split(/(\{(?:id|time|body|signature|secret)\})/);
  return parts.map((part, at) => (at % 2 === 1 ? value(part.slice(1, -1) as Part) : literal(part))).join('');
}

/** Lines that are there. */
function lines(...all: readonly (string | false | null | undefined)[]): string {
  return `${all.filter((line) => typeof line === 'string').join('\n')}\n`;
}

function curl(request: Request): string {
  const { address, body, signing } = request;
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  const inQuotes = (template: string) =>
    `"${filled(
      template,
      (text) => text.replace(/[\\"$`]/g, '\\$&'),
      (part) => `\${${part === 'secret' ? signing?.secret : part}}`,
    )}"`;
  const key = signing?.isKeyEncoded
    ? `-mac HMAC -macopt "hexkey:$(printf '%s' "\${${signing.secret}#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \\n')"`
    : `-hmac "\${${signing?.secret}}"`;
  const written = signing?.encoding === 'base64' ? 'openssl base64 -A' : "od -An -v -tx1 | tr -d ' \\n'";
  const headers = headersOf(request).map(([name, value]) => `-H ${inQuotes(`${name}: ${value}`)}`);
  return lines(
    signing && `# The secret is in the environment: export ${signing.secret}=…`,
    `body=${quoted(body)}`,
    asksFor(request, 'id') && 'id="$(openssl rand -hex 16)"',
    asksFor(request, 'time') && 'time="$(date +%s)"',
    signing?.signed &&
      `signature="$(printf '%s' ${inQuotes(signing.signed)} | openssl dgst -${signing.algorithm} ${key} -binary | ${written})"`,
    `curl -sS -X POST ${quoted(address)} \\`,
    ...headers.map((header) => `  ${header} \\`),
    '  --data-binary "$body"',
  );
}

function python(request: Request): string {
  const { address, body, signing } = request;
  const text = (template: string) => {
    const literal = (part: string) => writeJson(part).slice(1, -1).replace(/[{}]/g, '$&$&');
    const written = filled(template, literal, (part) => `{${part}}`);
    return `${/\{(?:id|time|body|signature|secret)\}/.test(template) ? 'f' : ''}"${written}"`;
  };
  const modules = [
    signing?.encoding === 'base64' && signing.signed && 'base64',
    signing?.signed && 'hashlib',
    signing?.signed && 'hmac',
    signing && 'os',
    'urllib.request',
    asksFor(request, 'id') && 'uuid',
  ].filter((module) => typeof module === 'string');
  return lines(
    ...modules.map((module) => `import ${module}`),
    asksFor(request, 'time') && 'from time import time as now',
    '',
    signing && `secret = os.environ["${signing.secret}"]`,
    `body = ${writeJson(body)}`,
    asksFor(request, 'id') && 'id = uuid.uuid4().hex',
    asksFor(request, 'time') && 'time = int(now())',
    signing?.signed &&
      `key = ${signing.isKeyEncoded ? 'base64.b64decode(secret.removeprefix("whsec_"))' : 'secret.encode()'}`,
    signing?.signed && `digest = hmac.new(key, ${text(signing.signed)}.encode(), hashlib.${signing.algorithm})`,
    signing?.signed &&
      `signature = ${signing.encoding === 'base64' ? 'base64.b64encode(digest.digest()).decode()' : 'digest.hexdigest()'}`,
    'headers = {',
    ...headersOf(request).map(([name, value]) => `    ${writeJson(name)}: ${text(value)},`),
    '}',
    `request = urllib.request.Request(${writeJson(address)}, body.encode(), headers)`,
    'with urllib.request.urlopen(request) as response:',
    '    print(response.status, response.read().decode())',
  );
}

function typescript(request: Request): string {
  const { address, body, signing } = request;
  const text = (template: string) => {
    if (template === '{body}') return 'body';
    const literal = (part: string) => part.replace(/[\\`]|\$\{/g, '\\$&');
    const written = filled(template, literal, (part) => `\${${part}}`);
    return written === template ? `'${template.replace(/[\\']/g, '\\$&')}'` : `\`${written}\``;
  };
  const imports = [signing?.signed && 'createHmac', asksFor(request, 'id') && 'randomUUID'].filter(Boolean);
  return lines(
    imports.length > 0 && `import { ${imports.join(', ')} } from 'node:crypto';\n`,
    signing && `const secret = process.env.${signing.secret} ?? '';`,
    `const body = ${writeJson(body)};`,
    asksFor(request, 'id') && 'const id = randomUUID();',
    asksFor(request, 'time') && 'const time = Math.floor(Date.now() / 1000);',
    signing?.signed &&
      `const key = ${signing.isKeyEncoded ? "Buffer.from(secret.replace(/^whsec_/, ''), 'base64')" : 'secret'};`,
    signing?.signed &&
      `const signature = createHmac('${signing.algorithm}', key).update(${text(signing.signed)}).digest('${signing.encoding}');`,
    `const response = await fetch(${writeJson(address)}, {`,
    "  method: 'POST',",
    '  headers: {',
    ...headersOf(request).map(([name, value]) => `    '${name}': ${text(value)},`),
    '  },',
    '  body,',
    '});',
    'console.log(response.status, await response.json());',
  );
}
