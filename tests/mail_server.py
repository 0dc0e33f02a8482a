"""A mail server of its own process for tests (aiosmtpd): keeps what it takes, and is told by address how to behave.

    mail_server.py PORT FOLDER [--certificate FILE --key FILE] [--login USER:PASSWORD] [--silent] [--smtps]

Each mail becomes FOLDER/NUMBER.json; every line that came without TLS is appended to FOLDER/clear.
grey@…  is put off once, full@… always; nobody@… is refused, spam@… after its text; hang@… never gets an answer.
"""

import argparse
import asyncio
import json
import pathlib
import ssl

from aiosmtpd.smtp import SMTP, AuthResult


class Keeper:
    def __init__(self, folder):
        self.folder = folder
        self.count = 0
        self.grey = set()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("grey@") and address not in self.grey:
            self.grey.add(address)
            return "451 4.7.1 Greylisted, come again"
        if address.startswith("full@"):
            return "452 4.2.2 Mailbox full"
        if address.startswith("nobody@"):
            return "550 5.1.1 No such user"
        if address.startswith("hang@"):
            await asyncio.sleep(3600)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if envelope.rcpt_tos[0].startswith("spam@"):
            return "554 5.7.1 Looks like spam"
        self.count += 1
        mail = {"from": envelope.mail_from, "to": envelope.rcpt_tos, "tls": session.ssl is not None,
                "login": session.authenticated, "text": envelope.content.decode("latin-1")}
        fresh = self.folder / f"{self.count}.new"
        fresh.write_text(json.dumps(mail))
        fresh.rename(self.folder / f"{self.count}.json")
        return "250 Taken"


class Server(SMTP):
    """Notes what is said in the clear."""

    clear = None

    def data_received(self, data):
        if self.session is None or self.session.ssl is None:
            with open(self.clear, "ab") as file:
                file.write(data)
        super().data_received(data)


async def greet_nobody(reader, writer):
    await asyncio.sleep(3600)


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    parser.add_argument("--login", default="")
    parser.add_argument("--silent", action="store_true")
    parser.add_argument("--smtps", action="store_true")
    options = parser.parse_args()
    keeper = Keeper(options.folder)
    Server.clear = options.folder / "clear"
    context = None
    if options.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.certificate, options.key)
    user, _, password = options.login.partition(":")

    def check(server, session, envelope, mechanism, data):
        good = data.login == user.encode() and data.password == password.encode()
        return AuthResult(success=good, handled=False)

    def make():
        return Server(keeper, hostname="localhost", tls_context=None if options.smtps else context,
                      require_starttls=context is not None and not options.smtps,
                      authenticator=check if user else None, auth_required=bool(user),
                      auth_require_tls=context is not None, enable_SMTPUTF8=False)

    loop = asyncio.get_running_loop()
    if options.silent:
        server = await asyncio.start_server(greet_nobody, "127.0.0.1", options.port)
    else:
        server = await loop.create_server(make, "127.0.0.1", options.port, ssl=context if options.smtps else None)
    (options.folder / "ready").touch()
    await server.serve_forever()


asyncio.run(main())
