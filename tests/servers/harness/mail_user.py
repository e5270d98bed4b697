"""Somebody outside with a mailbox on Dovecot and a mail program: Python's."""

import email.message
import email.policy
import imaplib
import smtplib
import threading
import time
from email.utils import formatdate, make_msgid

from .mail_servers import HOST, MX


class MailUser:
    def __init__(self, name, mailboxes, postfix):
        self.name, self.address = name, f"{name}@{HOST}"
        self.mailboxes, self.postfix = mailboxes, postfix
        self.imap = imaplib.IMAP4("127.0.0.1", mailboxes.imap_port, 20)
        self.imap.login(self.address, mailboxes.password)
        self.imap.select()
        self.mails = []  # as they came
        self.look()

    def close(self):
        try:
            self.imap.logout()
        except (OSError, imaplib.IMAP4.error):
            pass  # the server has gone

    # ------------------------------------------------------------------------------------------------ writing

    def compose(self, to, text, subject=None, answer_to=None, verified=True, **headers):
        """A mail as a simple mail program writes it, to one address or several; keywords are more fields: Cc, In_Reply_To."""
        mail = email.message.EmailMessage(policy=email.policy.SMTP)
        if verified:  # a filter in front of the gateway has looked at it
            mail["Authentication-Results"] = f"{MX}; dmarc=pass header.from={HOST}"
        mail["From"] = f"{self.name.capitalize()} Example <{self.address}>"
        mail["To"] = to if isinstance(to, str) else ", ".join(to)
        if answer_to is not None:
            subject = subject or "Re: " + str(answer_to["Subject"] or "").removeprefix("Re: ")
            mail["In-Reply-To"] = answer_to["Message-ID"]
            mail["References"] = " ".join(filter(None, (answer_to["References"], answer_to["Message-ID"])))
        if subject is not None:
            mail["Subject"] = subject
        mail["Date"] = formatdate()
        mail["Message-ID"] = make_msgid(domain=HOST)
        for name, value in headers.items():
            mail[name.replace("_", "-")] = value
        mail.set_content(text)
        return mail

    def send(self, mail, to=None, sender=None):
        """Hands it to Postfix as from anywhere; what is refused is raised (smtplib.SMTPException). Without `to`: to all of To
        and Cc."""
        with smtplib.SMTP("127.0.0.1", self.postfix.port, MX, 30) as smtp:
            smtp.send_message(mail, self.address if sender is None else sender, to)

    def write(self, to, text, subject=None, **more):
        """Its Message-ID."""
        mail = self.compose(to, text, subject, **more)
        self.send(mail)
        return mail["Message-ID"]

    # ------------------------------------------------------------------------------------------------ reading

    def look(self):
        """Takes what is new in the mailbox."""
        self.imap.noop()
        count = int(self.imap.select(readonly=True)[1][0])
        for number in range(len(self.mails) + 1, count + 1):
            raw = self.imap.fetch(str(number), "(BODY.PEEK[])")[1][0][1]
            self.mails.append(email.message_from_bytes(raw, policy=email.policy.default))

    def mark(self):
        self.look()
        return len(self.mails)

    def expect(self, text=None, since=0, where=lambda mail: True, seconds=20):
        """The mail with these words in its text."""
        end = time.monotonic() + seconds
        while True:
            for mail in self.mails[since:]:
                if (text is None or text in body(mail)) and where(mail):
                    return mail
            if time.monotonic() > end:
                came = "\n".join(f"  {mail['Subject']}: {body(mail)[:200]!r}" for mail in self.mails[since:])
                raise AssertionError(f"{self.address}: no mail with {text!r} came in {seconds} s; there are\n{came}")
            threading.Event().wait(0.1)  # IMAP in Python tells of nothing by itself
            self.look()


def body(mail):
    """The text of a mail, with line ends of "\\n"."""
    part = mail.get_body(("plain", "html"))
    return part.get_content().replace("\r\n", "\n") if part else ""
