//! A file as a whole: one case, or a list of them.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use serde_json::Value;

use super::expect::{self, Expect};
use super::fields::{Fields, NOTES, normal, number};
use super::reply::{self, Reply};
use super::request::Request;
use super::{Case, Options, Whole, Write, encoding};

/// Reads the cases of a file, each of which has a name that begins with `name`.
///
/// # Errors
/// What is wrong with the file.
pub fn read_file(path: &Path, name: &str) -> anyhow::Result<Vec<Case>> {
    let text = fs::read(path).context("it cannot be read")?;
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
    let value: Value = serde_json::from_slice(text).context("it is not JSON")?;
    let list = match &value {
        Value::Object(map) if map.get("cases").is_some_and(Value::is_array) => map.get("cases"),
        Value::Array(_) => Some(&value),
        _ => None,
    };
    let Some(Value::Array(cases)) = list else {
        return Ok(vec![Case::read(&value, name)?]);
    };
    if cases.is_empty() {
        bail!("its list has no case");
    }
    let cases = cases.iter().enumerate().map(|(index, case)| {
        let number = index + 1;
        Case::read(case, &format!("{name}#{number}")).with_context(|| format!("in case {number}"))
    });
    cases.collect()
}

impl Case {
    /// Reads one case.
    pub(crate) fn read(value: &Value, name: &str) -> anyhow::Result<Self> {
        let value = &encoding::inward(value);
        let mut fields = Fields::new(value, "the case")?;
        let mut like = Request::default();
        like.of_fields(&mut fields)?;
        let mut options = match fields.take(&["options", "client", "client_options", "config"])? {
            Some(value) => Options::read(&like.of_options(value).context("in the options")?)?,
            None => Options::default(),
        };
        options.of_case(&mut fields)?;
        let writes = match fields.take(&["writes", "write_sizes"])? {
            Some(value) => writes(value)?,
            None => vec![Write::Bytes(1), Write::Bytes(7), Write::All],
        };
        let mut case = Self {
            name: name.to_owned(),
            requests: Vec::new(),
            replies: Vec::new(),
            expect: Vec::new(),
            whole: Whole::default(),
            options,
            writes,
            unused: Vec::new(),
        };
        let mut exchanges = fields.take(&["exchanges", "turns", "steps"])?;
        if fields.peek(&["requests"]).is_some_and(has_replies) {
            exchanges = fields.take(&["requests"])?;
        }
        match exchanges {
            Some(exchanges) => case.exchanges(exchanges, &like)?,
            None => {
                case.replies(&mut fields)?;
                case.requests(&mut fields, &like)?;
            }
        }
        case.expectations(&mut fields)?;
        if case.expect.iter().flatten().all(Expect::is_empty)
            && case.whole.connections.is_none()
            && case.whole.requests.is_none()
            && case.whole.one_connection.is_none()
        {
            bail!("the case expects nothing: it has no field \"expect\"");
        }
        let unused = fields.rest().into_iter();
        case.unused = unused
            .filter(|name| !NOTES.contains(&normal(name).as_str()))
            .map(str::to_owned)
            .collect();
        Ok(case)
    }

    /// A list of objects, each of which has request, reply and expectation.
    fn exchanges(&mut self, value: &Value, like: &Request) -> anyhow::Result<()> {
        let items = value.as_array().context("exchanges are not a list")?;
        for (index, item) in items.iter().enumerate() {
            self.exchange(item, like)
                .with_context(|| format!("in exchange {}", index + 1))?;
        }
        Ok(())
    }

    fn exchange(&mut self, value: &Value, like: &Request) -> anyhow::Result<()> {
        let mut fields = Fields::new(value, "an exchange")?;
        let mut request = like.clone();
        request.of_fields(&mut fields)?;
        if let Some(value) = fields.take(&["request"])? {
            request = Request::read(value, &request).context("in the request")?;
        }
        self.requests.push(request);
        self.replies
            .extend(Reply::of_exchange(&mut fields).context("in the reply")?);
        let expect = match fields.take(EXPECT)? {
            Some(value) => Expect::read(value).context("in the expectation")?,
            None => Expect::of_fields(&mut fields)?,
        };
        self.expect.push(Some(expect));
        fields.finish("request, response, close, when, expect")
    }

    fn replies(&mut self, fields: &mut Fields<'_>) -> anyhow::Result<()> {
        let names = [
            "replies",
            "responses",
            "server",
            "server_replies",
            "server_sends",
            "sends",
        ];
        let Some(list) = fields.take(&names)? else {
            // The fields of the only reply stand in the case itself.
            self.replies
                .extend(Reply::of_exchange(fields).context("in the reply")?);
            return Ok(());
        };
        let Value::Array(items) = list else {
            self.replies
                .push(Reply::read(list).context("in the reply")?);
            return self.close(fields);
        };
        for (index, item) in items.iter().enumerate() {
            let reply = Reply::read(item).with_context(|| format!("in reply {}", index + 1))?;
            self.replies.push(reply);
        }
        self.close(fields)
    }

    /// What the case says of the end of connections: after the last reply, or a list for each.
    fn close(&mut self, fields: &mut Fields<'_>) -> anyhow::Result<()> {
        for (reply, end) in self.replies.iter_mut().zip(reply::ends(fields)?) {
            reply.end = end;
        }
        if let (Some(end), Some(last)) = (reply::end(fields)?, self.replies.last_mut()) {
            last.end = end;
        }
        Ok(())
    }

    fn requests(&mut self, fields: &mut Fields<'_>, like: &Request) -> anyhow::Result<()> {
        match fields.take(&["requests", "request"])? {
            Some(Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    let request = Request::read(item, like);
                    let request = request.with_context(|| format!("in request {}", index + 1))?;
                    self.requests.push(request);
                }
            }
            Some(one) => self
                .requests
                .push(Request::read(one, like).context("in the request")?),
            // An agent may need several replies for one request.
            None if self.options.policy.is_some() => {
                let count = match fields.peek(EXPECT) {
                    Some(Value::Array(items)) if !items.iter().all(Value::is_string) => items.len(),
                    _ => 1,
                };
                self.requests.resize(count, like.clone());
            }
            None => {
                let asked = self
                    .replies
                    .iter()
                    .filter(|reply| reply.when != reply::When::Refused);
                self.requests.resize(asked.count().max(1), like.clone());
            }
        }
        Ok(())
    }

    /// An object is of the last request and of the case as a whole; a list has one for each.
    fn expectations(&mut self, fields: &mut Fields<'_>) -> anyhow::Result<()> {
        match fields.take(EXPECT)? {
            // Texts alone are alternatives, unless there is one for each of several requests.
            Some(Value::Array(items))
                if !items.iter().all(Value::is_string)
                    || (items.len() > 1 && items.len() == self.requests.len()) =>
            {
                if self.expect.iter().flatten().all(Expect::is_empty) {
                    self.expect.clear();
                }
                for (index, item) in items.iter().enumerate() {
                    let expect = match item {
                        Value::Null => Ok(None),
                        _ => Expect::read(item).map(Some),
                    };
                    let expect = expect.with_context(|| format!("in expectation {}", index + 1))?;
                    self.expect.push(expect);
                }
                if self.expect.len() > self.requests.len() {
                    bail!(
                        "there are {} expectations for {} requests",
                        self.expect.len(),
                        self.requests.len()
                    );
                }
            }
            Some(value @ Value::Object(_)) => {
                let mut fields = Fields::new(value, "the expectation")?;
                self.whole.connections = expect::count(&mut fields, &["connections"])?;
                match fields.peek(&["requests"]) {
                    Some(Value::Array(items)) => {
                        fields.take(&["requests"])?;
                        let heard = items.iter().map(expect::Sent::read);
                        self.whole.heard = heard.collect::<anyhow::Result<_>>()?;
                        self.whole.requests = Some(items.len());
                    }
                    _ => {
                        self.whole.requests =
                            expect::count(&mut fields, &["requests", "requests_seen"])?
                    }
                }
                let expect = Expect::of_object(&mut fields).context("in the expectation")?;
                fields.finish(expect::KNOWN)?;
                self.last(expect)?;
            }
            Some(outcome) => self.last(Expect::read(outcome)?)?,
            None if self.expect.iter().flatten().all(Expect::is_empty) => {
                // Expectations that stand in the case itself.
                let expect = Expect::of_fields(fields)?;
                self.last(expect)?;
            }
            None => {}
        }
        Ok(())
    }

    /// An expectation of the last request; `reused` is of all of them, if there are several.
    fn last(&mut self, mut expect: Expect) -> anyhow::Result<()> {
        if expect.is_empty() {
            return Ok(());
        }
        if self
            .expect
            .iter()
            .flatten()
            .any(|before| !before.is_empty())
        {
            bail!("there are expectations in the exchanges and in the case");
        }
        if self.requests.len() > 1 {
            self.whole.one_connection = expect.reused.take();
        }
        self.expect = vec![None; self.requests.len().saturating_sub(1)];
        self.expect.push(Some(expect));
        Ok(())
    }
}

/// Whether what is called requests says what the server sends for each.
fn has_replies(requests: &Value) -> bool {
    let items = requests.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(Value::as_object).any(|item| {
        let mut names = item.keys().map(|name| normal(name));
        names.any(|name| reply::SENT.iter().any(|sent| name.starts_with(sent)))
    })
}

fn writes(value: &Value) -> anyhow::Result<Vec<Write>> {
    let items = match value {
        Value::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    items
        .iter()
        .map(|item| match (number(item), item.as_str()) {
            (Some(count), _) if count > 0 => Ok(Write::Bytes(usize::try_from(count)?)),
            (_, Some("all")) => Ok(Write::All),
            _ => bail!("a write is neither a number of bytes nor \"all\""),
        })
        .collect()
}

const EXPECT: &[&str] = &[
    "expect",
    "expected",
    "expects",
    "expectation",
    "expectations",
];
