//! Redirects: RFC 9110 section 15.4, RFC 3986 section 5; attacks.md section 1, "H redirect/auth".

mod body;
mod call;
mod credentials;
mod limit;
mod policy;
mod reference;

use wskhttp_core::io::Error;
use wskhttp_http::{Agent, Call};

use crate::support::script::Connector;
use crate::support::{FakeClock, Lock, run};

type ScriptAgent = Agent<Connector, FakeClock, Lock>;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

fn agent(connect: &Connector) -> ScriptAgent {
    Agent::new(connect.clone(), FakeClock::default()).unwrap()
}

fn to(status: u16, location: &str) -> String {
    format!("HTTP/1.1 {status} x\r\nLocation: {location}\r\nContent-Length: 3\r\n\r\nbye")
}

/// Status, URL and body of what ends a call.
fn fetch(agent: &ScriptAgent, call: Call<'_>) -> Result<(u16, String, String), Error> {
    run(async {
        let mut response = agent.send(call, &0).await?;
        let body = response.read_to_end(1 << 20).await?;
        let (status, at) = (response.head().status(), response.url().to_string());
        response.done().await;
        Ok((status, at, String::from_utf8(body).unwrap()))
    })
}
