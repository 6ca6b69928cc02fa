//! A transport whose peer is a script.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::{FakeClock, FakeSleep};
use wskhttp_core::io::{Clock, Connect, ConnectionInfo, Error, Kind, Phase, Target, Transport};

/// What the peer does, in order.
#[derive(Clone, Debug)]
pub enum Act {
    /// Nothing happens until the client has sent a multiple of so many heads (empty lines).
    AwaitHeads(usize),
    /// Nothing happens until the client has sent so many bytes.
    AwaitBytes(usize),
    /// Nothing happens the next time that somebody looks.
    Later,
    /// Nothing happens for so long.
    Pause(FakeClock, Duration),
    /// Bytes arrive in one piece.
    Give(Vec<u8>),
    /// The peer ends its side.
    End,
    /// Receiving fails.
    Fail(Kind),
}

/// One connection's life.
#[derive(Clone, Debug)]
pub struct Script {
    pub acts: VecDeque<Act>,
    /// Most bytes of one receive.
    pub piece: usize,
    /// Bytes of the output buffer.
    pub room: usize,
    /// Bytes that the peer takes before it stops reading.
    pub window: usize,
    /// Sending fails once so many bytes were sent.
    pub break_after: usize,
    /// Every flush and fill is pending once first.
    pub hesitant: bool,
    /// A flush has sent everything a poll before it says so.
    pub late: bool,
    /// The connection is never made.
    pub stuck: bool,
    /// A close never ends.
    pub lingers: bool,
}

impl Script {
    pub fn new(acts: impl IntoIterator<Item = Act>) -> Self {
        Self {
            acts: acts.into_iter().collect(),
            piece: usize::MAX,
            room: 4096,
            window: usize::MAX,
            break_after: usize::MAX,
            hesitant: false,
            late: false,
            stuck: false,
            lingers: false,
        }
    }

    /// Answers each of the first requests without a body with one of `responses`.
    pub fn answers(responses: &[&str]) -> Self {
        let acts = responses.iter().enumerate().flat_map(|(index, response)| {
            [
                Act::AwaitHeads(index + 1),
                Act::Give(response.as_bytes().to_vec()),
            ]
        });
        Self::new(acts)
    }

    pub fn and(mut self, act: Act) -> Self {
        self.acts.push_back(act);
        self
    }
}

/// What happened on one connection.
#[derive(Clone, Debug, Default)]
pub struct Log {
    pub target: String,
    /// What the connection was made with.
    pub key: u32,
    pub sent: Vec<u8>,
    pub flushes: usize,
    pub closed: bool,
    pub dropped: bool,
}

impl Log {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.sent).into_owned()
    }
}

/// Hands out scripts, one a connection, and keeps their logs.
#[derive(Clone, Debug, Default)]
pub struct Connector {
    scripts: Arc<Mutex<VecDeque<Script>>>,
    pub logs: Arc<Mutex<Vec<Log>>>,
}

#[derive(Debug)]
pub struct Scripted {
    script: Script,
    logs: Arc<Mutex<Vec<Log>>>,
    index: usize,
    input: Vec<u8>,
    output: Vec<u8>,
    staged: usize,
    waited: bool,
    pause: Option<Pin<Box<FakeSleep>>>,
}

impl Connector {
    pub fn new(scripts: impl IntoIterator<Item = Script>) -> Self {
        Self {
            scripts: Arc::new(Mutex::new(scripts.into_iter().collect())),
            logs: Arc::default(),
        }
    }

    pub fn made(&self) -> usize {
        self.logs.lock().unwrap().len()
    }

    pub fn log(&self, index: usize) -> Log {
        self.logs.lock().unwrap()[index].clone()
    }
}

impl Connect for Connector {
    type Transport = Scripted;
    type Key = u32;

    async fn connect(
        &self,
        target: &Target<'_>,
        key: &u32,
        _: &mut ConnectionInfo,
    ) -> Result<Scripted, Error> {
        let refused = Error::new(Phase::Connect, Kind::ConnectionRefused, "no script is left");
        let script = self.scripts.lock().unwrap().pop_front().ok_or(refused)?;
        if script.stuck {
            std::future::pending::<()>().await;
        }
        let mut logs = self.logs.lock().unwrap();
        logs.push(Log {
            target: format!("{:?} {} {}", target.scheme, target.host, target.port),
            key: *key,
            ..Log::default()
        });
        Ok(Scripted {
            output: vec![0; script.room],
            script,
            logs: self.logs.clone(),
            index: logs.len() - 1,
            input: Vec::with_capacity(64 << 10),
            staged: 0,
            waited: false,
            pause: None,
        })
    }
}

impl Scripted {
    fn log<T>(&self, change: impl FnOnce(&mut Log) -> T) -> T {
        change(&mut self.logs.lock().unwrap()[self.index])
    }

    /// Whether to be pending this time; wakes if so.
    fn hesitates(&mut self, cx: &Context<'_>) -> bool {
        self.waited = self.script.hesitant && !self.waited;
        if self.waited {
            cx.waker().wake_by_ref();
        }
        self.waited
    }
}

impl Transport for Scripted {
    fn input(&mut self) -> &mut [u8] {
        &mut self.input
    }

    fn consume(&mut self, n: usize) {
        let n = n.min(self.input.len());
        self.input.drain(..n);
    }

    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, Error>> {
        loop {
            let (heads, bytes) = self.log(|log| {
                let ends = log.sent.windows(4).filter(|end| *end == b"\r\n\r\n");
                (ends.count(), log.sent.len())
            });
            match self.script.acts.front_mut() {
                None => return Poll::Pending,
                Some(Act::AwaitHeads(count)) if heads < *count => return Poll::Pending,
                Some(Act::AwaitBytes(count)) if bytes < *count => return Poll::Pending,
                Some(Act::AwaitHeads(_) | Act::AwaitBytes(_)) => {
                    self.script.acts.pop_front();
                }
                Some(Act::Pause(clock, time)) => {
                    let sleep = || Box::pin(clock.sleep_until(clock.now() + *time));
                    ready!(self.pause.get_or_insert_with(sleep).as_mut().poll(cx));
                    self.pause = None;
                    self.script.acts.pop_front();
                }
                Some(Act::Later) => {
                    self.script.acts.pop_front();
                    return Poll::Pending;
                }
                Some(Act::End) => return Poll::Ready(Ok(0)),
                Some(Act::Fail(kind)) => {
                    return Poll::Ready(Err(Error::new(Phase::Receive, *kind, "scripted")));
                }
                Some(Act::Give(bytes)) if bytes.is_empty() => {
                    self.script.acts.pop_front();
                }
                Some(Act::Give(_)) => break,
            }
        }
        if self.hesitates(cx) {
            return Poll::Pending;
        }
        let Some(Act::Give(bytes)) = self.script.acts.front_mut() else {
            unreachable!();
        };
        let count = bytes.len().min(self.script.piece);
        self.input.extend(bytes.drain(..count));
        Poll::Ready(Ok(count))
    }

    fn output(&mut self) -> &mut [u8] {
        &mut self.output[self.staged..]
    }

    fn stage(&mut self, n: usize) {
        self.staged += n;
        assert!(self.staged <= self.output.len());
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.staged == 0 {
            return Poll::Ready(Ok(()));
        }
        if self.hesitates(cx) {
            return Poll::Pending;
        }
        let (window, limit) = (self.script.window, self.script.break_after);
        let staged = self.output[..self.staged].to_vec();
        let (left, broken) = self.log(|log| {
            let count = staged
                .len()
                .min(window.saturating_sub(log.sent.len()))
                .min(limit.saturating_sub(log.sent.len()));
            log.sent.extend_from_slice(&staged[..count]);
            log.flushes += 1;
            (staged.len() - count, log.sent.len() >= limit)
        });
        if broken {
            return Poll::Ready(Err(Error::new(
                Phase::Send,
                Kind::ConnectionReset,
                "scripted break",
            )));
        }
        self.output[..self.staged].rotate_left(self.staged - left);
        self.staged = left;
        match left {
            0 if self.script.late => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            0 => Poll::Ready(Ok(())),
            _ => Poll::Pending,
        }
    }

    fn poll_close(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.log(|log| log.closed = true);
        match self.script.lingers {
            true => Poll::Pending,
            false => Poll::Ready(Ok(())),
        }
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.log(|log| log.dropped = true);
    }
}
