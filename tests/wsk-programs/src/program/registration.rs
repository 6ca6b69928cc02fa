//! Registration, and the provider.

use alloc::format;

use wskhttp_core::wsk::sys::{
    WSK_FLAG_CONNECTION_SOCKET, WSK_FLAG_LISTEN_SOCKET, WSK_INFINITE_WAIT, WSK_NO_WAIT,
};

use crate::Bench;
use crate::client::{Client, table};
use crate::socket::Socket;
use crate::status;

fn registered(bench: &Bench, major: u8, minor: u8) -> Option<Client> {
    match Client::register(major, minor) {
        Ok(client) => {
            bench.say(format!("WskRegister ({major}.{minor}) -> STATUS_SUCCESS"));
            Some(client)
        }
        Err(failed) => {
            let status = status::name(failed);
            bench.say(format!("WskRegister ({major}.{minor}) -> {status}"));
            None
        }
    }
}

/// Whether it was captured.
fn capture(bench: &Bench, client: &Client, wait: u32) -> bool {
    let captured = client.capture(wait);
    let status = status::name(captured.err().unwrap_or_default());
    bench.say(format!("WskCaptureProviderNPI ({wait:#x}) -> {status}"));
    captured.is_ok()
}

fn captured(bench: &Bench, major: u8, minor: u8, wait: u32) {
    let Some(client) = registered(bench, major, minor) else {
        return;
    };
    for _ in 0..2 {
        if capture(bench, &client, wait) {
            client.release();
            bench.say("WskReleaseProviderNPI");
        }
    }
    client.deregister();
    bench.say("WskDeregister");
}

pub(super) fn captured_and_released(bench: &Bench) {
    captured(bench, 1, 0, WSK_INFINITE_WAIT);
}

pub(super) fn without_waiting(bench: &Bench) {
    captured(bench, 1, 0, WSK_NO_WAIT);
}

pub(super) fn an_unknown_version(bench: &Bench) {
    captured(bench, 9, 9, 100);
}

/// Which functions there are. Of those that neither a client nor the simulator has any use for,
/// nothing is said.
pub(super) fn tables(bench: &Bench) {
    let is = |name: &str, there: bool| {
        let there = if there { "there" } else { "NULL" };
        bench.say(format!("{name}: {there}"));
    };
    let provider = table(&bench.npi);
    bench.say(format!("version {:#06x}", provider.Version));
    is("WskSocket", provider.WskSocket.is_some());
    is("WskSocketConnect", provider.WskSocketConnect.is_some());
    is("WskControlClient", provider.WskControlClient.is_some());
    is("WskGetAddressInfo", provider.WskGetAddressInfo.is_some());
    is("WskFreeAddressInfo", provider.WskFreeAddressInfo.is_some());
    let Ok(socket) = Socket::new(bench, WSK_FLAG_CONNECTION_SOCKET) else {
        return;
    };
    let functions = socket.table();
    is(
        "WskControlSocket",
        functions.Basic.WskControlSocket.is_some(),
    );
    is("WskCloseSocket", functions.Basic.WskCloseSocket.is_some());
    is("WskBind", functions.WskBind.is_some());
    is("WskConnect", functions.WskConnect.is_some());
    is("WskGetLocalAddress", functions.WskGetLocalAddress.is_some());
    is(
        "WskGetRemoteAddress",
        functions.WskGetRemoteAddress.is_some(),
    );
    is("WskSend", functions.WskSend.is_some());
    is("WskReceive", functions.WskReceive.is_some());
    is("WskDisconnect", functions.WskDisconnect.is_some());
    is("WskRelease", functions.WskRelease.is_some());
    is("WskConnectEx", functions.WskConnectEx.is_some());
    socket.close(bench);
    let Ok(socket) = Socket::new(bench, WSK_FLAG_LISTEN_SOCKET) else {
        return;
    };
    let functions = socket.listener();
    is(
        "WskControlSocket",
        functions.Basic.WskControlSocket.is_some(),
    );
    is("WskCloseSocket", functions.Basic.WskCloseSocket.is_some());
    is("WskBind", functions.WskBind.is_some());
    is("WskAccept", functions.WskAccept.is_some());
    is("WskGetLocalAddress", functions.WskGetLocalAddress.is_some());
    socket.close(bench);
}
