"""A mail server that takes mail by STARTTLS and login, and writes each mail as a line of JSON.

The first part of a recipient's address says what it does: `nobody` is refused (550), `later` at its first time (451), and
the first mail for `held` is received and never answered.
"""

import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


def say(**what):
    print(json.dumps(what), flush=True)


class Handler:
    def __init__(self):
        self.deferred = set()
        self.holds = True

    async def handle_RCPT(self, server, session, envelope, address, options):
        user = address.split("@")[0]
        if user == "nobody":
            return "550 5.1.1 There is no such user"
        if user == "later" and address not in self.deferred:
            self.deferred.add(address)
            return "451 4.3.0 Come again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        is_held = self.holds and any(to.startswith("held@") for to in envelope.rcpt_tos)
        say(
            held=is_held,
            tls=session.ssl is not None,
            sender=envelope.mail_from,
            recipients=envelope.rcpt_tos,
            headers={name: str(value) for name, value in mail.items()},
            text=mail.get_body(("plain",)).get_content(),
            files=[[part.get_filename(), part.get_content_type()] for part in mail.iter_attachments()],
        )
        if is_held:
            self.holds = False
            await asyncio.sleep(600)
        return "250 Taken as number 1"


def authenticate(server, session, envelope, mechanism, data):
    is_known = (data.login, data.password) == (b"flows", b"p@ss/word")
    return AuthResult(success=is_known, handled=False)


async def main():
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    handler = Handler()

    def connected():
        return SMTP(
            handler,
            hostname="localhost",
            tls_context=context,
            require_starttls=True,
            auth_required=True,
            authenticator=authenticate,
        )

    server = await asyncio.get_running_loop().create_server(connected, "127.0.0.1", 0)
    say(port=server.sockets[0].getsockname()[1])
    # It ends with the pipe to it.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
