"""Who is looking: signed in by the hospital's own login (OIDC), or whoever sits at this machine.

Streamlit's ``[auth]`` secrets name the login (``docs/deploy.md``). Without one the dashboard serves this machine alone;
it draws no page when it was started for others to reach.
"""

from __future__ import annotations

import ipaddress

import streamlit as st

from survdash import audit
from survdash.access import LOCAL, Visitor, ask_at_the_door, current, visitor_of
from survdash.errors import AccessError, InputError
from survdash.language import tr
from survdash.settings import settings
from survdash.ui.error_box import error_box

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
    st.caption(tr("Signed in as {name}.", name=current().name))
    st.button(tr("Sign out"), key="sign_in.out", on_click=st.logout)


def has_login() -> bool:
    """Whether people have to sign in."""
    return st.secrets.load_if_toml_exists() and "auth" in st.secrets


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
    if not st.user.is_logged_in:
        raise AccessError("You are not signed in.", hint="Load the page again and sign in.")
    if st.user.get("email_verified") is False:
        raise AccessError("Your login has not checked your e-mail address.", hint="Confirm it there first.")
    name = st.user.get("email") or st.user.get("sub")
    if not name:
        raise AccessError("The login did not say who you are.", hint="It must give 'email' or 'sub'.")
    return visitor_of(str(name))


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
