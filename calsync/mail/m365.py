"""Sends mail with the Microsoft 365 application that reads the calendars, with its credentials."""

from collections.abc import Mapping

import requests

from calsync.errors import MailAuthError, MailUnavailableError, SourceAuthError
from calsync.mail.graph import GraphTransport
from calsync.sources.m365.access_tokens import TokenRefusedError, TokenUnavailableError
from calsync.sources.m365.connection import GraphAccount, open_account
from calsync.sources.m365.errors import sign_in_error
from calsync.sources.m365.options import M365Options


class M365Transport(GraphTransport):
    """Sends as one mailbox of the tenant that an m365 source reads.

    options: the source's settings. sender: the mailbox's address. The application needs the permission
    Mail.Send in addition to the one for calendars.
    """

    def __init__(self, options: M365Options, *, sender: str) -> None:
        super().__init__(self._post_through_account, graph_root=options.graph_url, sender=sender)
        self._options = options
        self._account: GraphAccount | None = None

    def close(self) -> None:
        """Close the connection and drop the token."""
        account, self._account = self._account, None
        if account is not None:
            account.con.close()

    def check(self) -> None:
        """Sign in, and send nothing."""
        self._sign_in()

    def _post_through_account(self, url: str, body: str, headers: Mapping[str, str]) -> requests.Response:
        # Before the mail: whatever fails at the sign-in, no mail has been sent yet.
        account = self._sign_in()
        try:
            response: requests.Response = account.con.post(url, body, headers=headers)
        except TokenRefusedError as error:  # Graph answered 401, and there is no better token
            raise self._to_mail_error(error) from error
        return response

    def _sign_in(self) -> GraphAccount:
        account = self._account = self._account or open_account(self._options)
        try:
            account.con.tokens.get_token()
        except (TokenUnavailableError, requests.RequestException) as error:
            what = f"the sign-in of Microsoft cannot be reached: {type(error).__name__}"
            raise MailUnavailableError("", what, is_server_reached=False) from error
        except TokenRefusedError as error:
            raise self._to_mail_error(error) from error
        return account

    def _to_mail_error(self, error: TokenRefusedError) -> MailAuthError | MailUnavailableError:
        error_of_source = sign_in_error("mail", error.answer, self._options)
        if isinstance(error_of_source, SourceAuthError):
            return MailAuthError("", error_of_source.what, error_of_source.hint)
        return MailUnavailableError("", error_of_source.what, error_of_source.hint, is_server_reached=False)
