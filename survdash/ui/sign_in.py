"""Who is looking: signed in by the hospital's own login (OIDC), or whoever sits at this machine.

Streamlit's ``[auth]`` secrets name the login (``docs/deploy.md``). Without one the dashboard serves this machine alone;
it draws no page when it was started for others to reach.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable, Mapping

import streamlit as st
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME
from streamlit.web.server.starlette.starlette_websocket import _get_signed_cookie_with_chunks

from survdash import audit
from survdash.access import LOCAL, Visitor, ask_at_the_door, current, visitor_of
from survdash.errors import AccessError, InputError, SurvdashError
from survdash.language import tr
from survdash.settings import settings
from survdash.ui.error_box import error_box
from survdash.ui.prose import escape

NOTED = "sign_in.noted"


def may_enter() -> bool:
    """Whether the page may be drawn for whoever asks; draws the way in, or the reason, where it may not."""
    ask_at_the_door(_who)
    with error_box():
        if has_login() and not st.user.is_logged_in:
            _show_login()
            return False
        visitor = current()
        if has_login() and st.session_state.get(NOTED) != visitor.name:
            audit.note("sign in")
            st.session_state[NOTED] = visitor.name
        return True
    if has_login() and st.user.is_logged_in:  # known to the login, but not let in here
        st.button(tr("Sign out"), key="sign_in.other", on_click=st.logout)
    return False


def show_visitor() -> None:
    """Say who is signed in, with the way out; or that nobody has to, and that only this machine is served."""
    if not has_login():
        st.caption(tr("Nobody has to sign in: this server answers this machine alone."))
        return
    st.caption(tr("Signed in as {name}.", name=escape(current().name)))
    st.button(tr("Sign out"), key="sign_in.out", on_click=st.logout)


def has_login() -> bool:
    """Whether people have to sign in."""
    return st.secrets.load_if_toml_exists() and "auth" in st.secrets


def is_alone() -> bool:
    """Whether nobody signs in and nobody but this machine can reach the server: then all visitors are one."""
    return not has_login() and _is_this_machine(st.get_option("server.address")) and not settings().open_access


def guarded(routes: Iterable[Route]) -> list[Route]:
    """Our own routes, which Streamlit asks nobody's name at: for those alone who are signed in and may enter.

    What a route opens it is told by the grant that a page has signed; this keeps a grant that was passed on from
    being of use to somebody without access.
    """
    made = [*routes]
    for route in made:
        route.app = _OnlySignedIn(route.app)
    return made


class _OnlySignedIn:
    """Refuses requests whose cookie Streamlit did not sign, or whose owner has no access."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 403, or hand the request on."""
        if scope["type"] == "http" and has_login() and not _is_let_in(Request(scope)):
            await Response(status_code=403, headers={"Cache-Control": "no-store"})(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _is_let_in(request: Request) -> bool:
    signed = _get_signed_cookie_with_chunks(dict(request.cookies), USER_COOKIE_NAME)
    try:
        claims = json.loads(signed or b"{}")
        visitor_of(_name_of(claims))
    except (ValueError, SurvdashError):
        return False
    return True


def _name_of(claims: Mapping[str, object]) -> str:
    """What the login calls somebody: an e-mail address that it has checked, else its own number for them."""
    if claims.get("email_verified") is False:
        raise AccessError("Your login has not checked your e-mail address.", hint="Confirm it there first.")
    name = claims.get("email") or claims.get("sub")
    if not name:
        raise AccessError("The login did not say who you are.", hint="It must give 'email' or 'sub'.")
    return str(name)


def _who() -> Visitor:
    """Asked by ``access`` at every door, in pages and in their fragments."""
    if not has_login():
        if not (_is_this_machine(st.get_option("server.address")) or settings().open_access):
            raise InputError(
                "This server can be reached from other machines, and nobody has to sign in.",
                hint="Start it with --server.address 127.0.0.1, name a login in [auth] of .streamlit/secrets.toml, or, "
                "where something before it asks people who they are, set SURVDASH_OPEN_ACCESS=true. docs/deploy.md "
                "shows each.",
            )
        return LOCAL
    if get_script_run_ctx(suppress_warning=True) is None or not st.user.is_logged_in:
        raise AccessError("You are not signed in.", hint="Load the page again and sign in.")
    return visitor_of(_name_of(st.user.to_dict()))


def _show_login() -> None:
    st.title("survdash", anchor=False)
    st.write(tr("Sign in to see cohorts and patients."))
    st.button(tr("Sign in"), key="sign_in.in", type="primary", on_click=st.login)


def _is_this_machine(address: str | None) -> bool:
    if address == "localhost":
        return True
    try:
        return address is not None and ipaddress.ip_address(address).is_loopback
    except ValueError:  # a name, of whatever
        return False
