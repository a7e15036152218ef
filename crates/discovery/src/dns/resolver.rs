//! Which servers are asked, in which order, and what their answers come to.

use std::collections::hash_map::RandomState;
use std::future::Future;
use std::hash::BuildHasher;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use promd_clock::Clock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use super::message::{Answer, MAX_UDP, NO_NAME, Record, SUCCESS, decode, question};
use super::{DnsOptions, Server};

/// How long a server may take: the default of the library that Prometheus uses.
const TIMEOUT: Duration = Duration::from_secs(2);
/// No `resolv.conf` is larger.
const MAX_BYTES: u64 = 1 << 20;

/// Asks servers.
#[derive(Debug)]
pub(super) struct Resolver {
    options: DnsOptions,
    clock: Arc<dyn Clock>,
}

/// What `resolv.conf` says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Conf {
    servers: Vec<IpAddr>,
    search: Vec<String>,
    /// How many dots a name has that is tried as it is first.
    ndots: usize,
}

impl Resolver {
    pub(super) fn new(options: DnsOptions, clock: Arc<dyn Clock>) -> Self {
        Self { options, clock }
    }

    /// The records of a name, which are none if every server says so of every form of the name.
    ///
    /// # Errors
    ///
    /// If there is a form of the name of which nobody could be asked: then it is not known whether it has records.
    pub(super) async fn lookup(&self, name: &str, kind: u16) -> Result<Vec<Record>, String> {
        let conf = self.conf().map_err(|error| format!("could not load resolv.conf: {error}"))?;
        let mut is_certain = true;
        for full_name in conf.names(name) {
            match self.ask_any(&conf, &full_name, kind).await {
                Some(answer) if answer.code == SUCCESS => return Ok(answer.records),
                Some(_) => {}
                // A later form may still have an answer.
                None => is_certain = false,
            }
        }
        if is_certain {
            return Ok(Vec::new());
        }
        Err(format!(
            "could not resolve {}: all servers responded with errors to at least one search domain",
            promd_model::quote::go(name)
        ))
    }

    fn conf(&self) -> Result<Conf, promd_fs::Error> {
        use promd_fs::Fs;
        let bytes = promd_fs::RealFs::new().read_to_vec(&self.options.resolv_conf, MAX_BYTES)?;
        Ok(Conf::parse(&String::from_utf8_lossy(&bytes)))
    }

    /// The first answer that says what is, or that nothing is.
    async fn ask_any(&self, conf: &Conf, name: &str, kind: u16) -> Option<Answer> {
        for server in &conf.servers {
            match self.ask(Server::new(*server, self.options.port), name, kind).await {
                Ok(answer) if matches!(answer.code, SUCCESS | NO_NAME) => return Some(answer),
                Ok(_) => {}
                Err(error) => tracing::warn!(%server, name, err = %error, "DNS resolution failed"),
            }
        }
        None
    }

    async fn ask(&self, server: Server, name: &str, kind: u16) -> io::Result<Answer> {
        // Whoever does not see the question cannot guess it; that of the port is the operating system's.
        let [id, ..] = RandomState::new().hash_one(name).to_ne_bytes().map(u16::from);
        let id = id << 8 | u16::from(RandomState::new().hash_one(kind).to_ne_bytes()[0]);
        let no_name = || io::Error::new(io::ErrorKind::InvalidInput, "not a domain name");
        let by_udp = question(id, name, kind, true).ok_or_else(no_name)?;
        let answer = self.in_time(udp(server, &by_udp, id)).await?;
        if !answer.is_truncated {
            return Ok(answer);
        }
        let by_tcp = question(id, name, kind, false).ok_or_else(no_name)?;
        let answer = self.in_time(tcp(server, &by_tcp, id)).await?;
        if answer.is_truncated {
            return Err(io::Error::other("got truncated message on TCP (64kiB limit exceeded?)"));
        }
        Ok(answer)
    }

    async fn in_time<T>(&self, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
        tokio::select! {
            biased;
            done = work => done,
            () = self.clock.sleep(TIMEOUT) => Err(io::Error::new(io::ErrorKind::TimedOut, "i/o timeout")),
        }
    }
}

async fn udp(server: Server, question: &[u8], id: u16) -> io::Result<Answer> {
    let local = if server.is_ipv4() { IpAddr::from(Ipv4Addr::UNSPECIFIED) } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((local, 0)).await?;
    socket.connect(server).await?;
    socket.send(question).await?;
    let mut buffer = vec![0; usize::from(MAX_UDP)];
    loop {
        let length = socket.recv(&mut buffer).await?;
        // What is not the answer to this question is somebody else's, or an attempt to be taken for it.
        let answer = buffer.get(..length).filter(|message| is_of(message, question)).and_then(decode);
        if let Some(answer) = answer.filter(|answer| answer.id == id) {
            return Ok(answer);
        }
    }
}

/// Whether an answer repeats the question. Servers that could not read it need not.
fn is_of(message: &[u8], question: &[u8]) -> bool {
    const HEADER: usize = 12;
    const TYPE_AND_CLASS: usize = 4;
    if message.get(4..6) == Some(&[0, 0]) {
        return true;
    }
    let Some(asked) = question.get(HEADER..) else { return false };
    let Some(end) = asked.iter().position(|byte| *byte == 0).map(|end| end + 1 + TYPE_AND_CLASS) else { return false };
    let repeated = message.get(HEADER..HEADER + end);
    repeated.zip(asked.get(..end)).is_some_and(|(repeated, asked)| repeated.eq_ignore_ascii_case(asked))
}

async fn tcp(server: Server, question: &[u8], id: u16) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(question.len()).map_err(io::Error::other)?;
    stream.write_all(&[&length.to_be_bytes(), question].concat()).await?;
    let length = stream.read_u16().await?;
    let mut message = vec![0; usize::from(length)];
    stream.read_exact(&mut message).await?;
    let answer = decode(&message).filter(|answer| answer.id == id && is_of(&message, question));
    answer.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not an answer to the question"))
}

impl Conf {
    /// Reads `resolv.conf`, passing over what it does not know (`resolv.conf(5)`).
    fn parse(text: &str) -> Self {
        let mut conf = Self { ndots: 1, ..Self::default() };
        for line in text.lines() {
            let mut words = line.split_whitespace();
            match words.next() {
                Some("nameserver") => {
                    // A zone of IPv6 is for addresses of one link, where no server is that matters here.
                    conf.servers.extend(words.next().and_then(|word| word.parse::<IpAddr>().ok()));
                }
                Some("domain") => conf.search = words.take(1).map(str::to_owned).collect(),
                Some("search") => conf.search = words.map(str::to_owned).collect(),
                Some("options") => {
                    let ndots = words.filter_map(|word| word.strip_prefix("ndots:")?.parse::<usize>().ok()).next_back();
                    conf.ndots = ndots.map_or(conf.ndots, |ndots| ndots.min(15));
                }
                _ => {}
            }
        }
        conf
    }

    /// The full names that a name may mean, in the order in which they are tried.
    fn names(&self, name: &str) -> Vec<String> {
        if name.ends_with('.') {
            return vec![name.to_owned()];
        }
        let labels = name.split('.').count();
        let mut names: Vec<String> =
            self.search.iter().map(|domain| format!("{name}.{}.", domain.trim_matches('.'))).collect();
        let at = if labels > self.ndots { 0 } else { names.len() };
        names.insert(at, format!("{name}."));
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The order is that of `NameList` in `miekg/dns`, which Prometheus asks.
    #[test]
    fn names_in_their_order() {
        let conf = |ndots: &str| {
            Conf::parse(&format!(
                "# a comment\nnameserver 192.0.2.1\nnameserver ::1 \nnameserver nonsense\ndomain x\n\
                 search one.example two.example.\noptions rotate ndots:{ndots} timeout:1\n"
            ))
        };
        assert_eq!(conf("1").servers, ["192.0.2.1".parse::<IpAddr>().unwrap(), "::1".parse().unwrap()]);
        for (ndots, name, expect) in [
            ("1", "a", &["a.one.example.", "a.two.example.", "a."][..]),
            ("1", "a.b", &["a.b.", "a.b.one.example.", "a.b.two.example."]),
            ("5", "a.b", &["a.b.one.example.", "a.b.two.example.", "a.b."]),
            ("0", "a", &["a.", "a.one.example.", "a.two.example."]),
            ("1", "a.b.", &["a.b."]),
        ] {
            assert_eq!(conf(ndots).names(name), expect, "{name} ndots:{ndots}");
        }
        assert_eq!(Conf::parse("").names("a.b"), ["a.b."]);
    }
}
