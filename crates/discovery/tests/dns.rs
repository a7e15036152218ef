//! Targets in the domain name system, asked of servers that a test plays.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use promd_clock::{Clock, RealClock};
use promd_config::{Config, Options};
use promd_discovery::{CancelSource, Context, DnsOptions, Mechanisms, TargetGroup};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::mpsc;

/// What a server knows of a name and type: a code, and the data of records of that type.
type Zone = BTreeMap<(&'static str, u16), (u8, Vec<&'static [u8]>)>;

const A: u16 = 1;
const NS: u16 = 2;
const PTR: u16 = 12;
const MX: u16 = 15;
const AAAA: u16 = 28;
const SRV: u16 = 33;

/// The answer to a question (RFC 1035): its header and question again, then the records.
fn answer(zone: &Zone, question: &[u8], may_truncate: bool) -> Vec<u8> {
    let (mut name, mut at) = (String::new(), 12);
    while question[at] != 0 {
        let label = &question[at + 1..=at + usize::from(question[at])];
        name += &format!("{}.", str::from_utf8(label).unwrap());
        at += label.len() + 1;
    }
    let kind = u16::from_be_bytes([question[at + 1], question[at + 2]]);
    let (code, records) = zone.get(&(name.as_str(), kind)).cloned().unwrap_or((3, Vec::new()));
    let is_truncated = may_truncate && records.len() > 3;
    let count = if is_truncated { 0 } else { u8::try_from(records.len()).unwrap() };
    let mut message = question[..2].to_vec();
    message.extend([if is_truncated { 0x87 } else { 0x85 }, 0x80 | code, 0, 1, 0, count, 0, 0, 0, 0]);
    message.extend(&question[12..at + 5]);
    for data in records.iter().take(usize::from(count)) {
        message.extend([0xc0, 12]);
        message.extend(kind.to_be_bytes());
        message.extend([0, 1, 0, 0, 0, 60, 0, u8::try_from(data.len()).unwrap()]);
        message.extend(*data);
    }
    message
}

/// A server of names, by UDP and by TCP, on one port of one address.
async fn serve(address: &str, port: u16, zone: Zone) -> u16 {
    let (tcp, udp) = loop {
        // First by TCP: a port that a connection has just ended on cannot be listened on, and the system knows which these are.
        let tcp = TcpListener::bind((address, port)).await.unwrap();
        match UdpSocket::bind(tcp.local_addr().unwrap()).await {
            Ok(udp) => break (tcp, udp),
            // Somebody asks from this port: another one will do.
            Err(error) if port == 0 && error.kind() == ErrorKind::AddrInUse => {}
            Err(error) => panic!("{error}"),
        }
    };
    let port = tcp.local_addr().unwrap().port();
    let by_tcp = zone.clone();
    tokio::spawn(async move {
        let mut question = [0; 4096];
        loop {
            let (length, from): (usize, SocketAddr) = udp.recv_from(&mut question).await.unwrap();
            // Somebody who guesses comes first, with another number and another question.
            let mut forged = answer(&zone, &question[..length], true);
            forged[0] ^= 1;
            udp.send_to(&forged, from).await.unwrap();
            udp.send_to(&answer(&zone, &question[..length], true), from).await.unwrap();
        }
    });
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = tcp.accept().await.unwrap();
            let mut question = vec![0; usize::from(stream.read_u16().await.unwrap())];
            stream.read_exact(&mut question).await.unwrap();
            let message = answer(&by_tcp, &question, false);
            stream.write_u16(u16::try_from(message.len()).unwrap()).await.unwrap();
            stream.write_all(&message).await.unwrap();
        }
    });
    port
}

/// The first groups that these settings find.
async fn groups(conf: &str, port: u16, settings: &str) -> Vec<TargetGroup> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), conf).unwrap();
    let text = format!("scrape_configs: [{{job_name: a, dns_sd_configs: [{{{settings}, refresh_interval: 1h}}]}}]");
    let config = Config::parse(text.as_bytes(), &Options::default()).unwrap();
    let mut options = DnsOptions::default();
    options.resolv_conf = file.path().to_owned();
    options.port = port;
    let mechanisms = Mechanisms::new().with_names(options);
    let mechanism = mechanisms.of(&config.scrape_configs[0].discovery).unwrap().remove(0);
    let clock: Arc<dyn Clock> = Arc::new(RealClock::new());
    let (sender, mut updates) = mpsc::channel(1);
    let stop = CancelSource::new();
    tokio::spawn(mechanism.discoverer(&Context::new(clock, "a")).unwrap().run(sender, stop.signal()));
    tokio::time::timeout(Duration::from_secs(60), updates.recv()).await.unwrap().unwrap()
}

#[track_caller]
fn check(groups: &[TargetGroup], expect: &[&str]) {
    let mut shown: Vec<String> = groups.iter().flat_map(|group| &group.targets).map(ToString::to_string).collect();
    shown.sort();
    assert_eq!(shown, expect);
}

/// Labels are those of `discovery/dns/dns_test.go`.
#[tokio::test]
async fn records_of_every_type() {
    let zone = Zone::from([
        (("_p._tcp.x.", SRV), (0, vec![&b"\0\x01\0\x02\x1f\x90\x01a\x01x\0"[..], b"\0\x01\0\x02\x1f\x91\x01b\x01x\0"])),
        (("x.", A), (0, vec![&[192, 0, 2, 1][..]])),
        (("x.", AAAA), (0, vec![&[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1][..]])),
        (("x.", MX), (0, vec![&b"\0\x0a\x04mail\xc0\x0c"[..]])),
        (("x.", NS), (0, vec![&b"\x02ns\xc0\x0c"[..]])),
    ]);
    let port = serve("127.0.0.1", 0, zone).await;
    let conf = "nameserver 127.0.0.1\n";
    let found = groups(conf, port, "names: [_p._tcp.x.]").await;
    assert_eq!(&*found[0].source, "_p._tcp.x.");
    let srv = |host: &str, port: u16| {
        format!(
            "{{__address__=\"{host}.x:{port}\", __meta_dns_name=\"_p._tcp.x.\", \
             __meta_dns_srv_record_port=\"{port}\", __meta_dns_srv_record_target=\"{host}.x.\"}}"
        )
    };
    check(&found, &[&srv("a", 8080), &srv("b", 8081)]);
    for (kind, expect) in [
        ("A", r#"{__address__="192.0.2.1:80", __meta_dns_name="x"}"#),
        ("aaaa", r#"{__address__="[2001:db8::1]:80", __meta_dns_name="x"}"#),
        ("MX", r#"{__address__="mail.x:80", __meta_dns_mx_record_target="mail.x.", __meta_dns_name="x"}"#),
        ("NS", r#"{__address__="ns.x:80", __meta_dns_name="x", __meta_dns_ns_record_target="ns.x."}"#),
    ] {
        check(&groups(conf, port, &format!("names: [x], type: {kind}, port: 80")).await, &[expect]);
    }
}

#[tokio::test]
async fn names_of_addresses() {
    let six = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.";
    let zone = Zone::from([
        (("1.2.0.192.in-addr.arpa.", PTR), (0, vec![&b"\x01a\x07example\0"[..], b"\x01b\x07example\0"])),
        ((six, PTR), (0, vec![&b"\x03six\0"[..]])),
    ]);
    let mut options = DnsOptions::default();
    options.port = serve("127.0.0.1", 0, zone).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "nameserver 127.0.0.1\nsearch x\n").unwrap();
    options.resolv_conf = file.path().to_owned();
    for (address, expect) in
        [("192.0.2.1", &["a.example.", "b.example."][..]), ("2001:db8::1", &["six."]), ("192.0.2.2", &[])]
    {
        let clock: Arc<dyn Clock> = Arc::new(RealClock::new());
        let names = promd_discovery::names_of(address.parse().unwrap(), options.clone(), clock).await;
        assert_eq!(names, expect, "{address}");
    }
}

#[tokio::test]
async fn an_answer_that_does_not_fit_comes_by_tcp() {
    let records: Vec<&'static [u8]> = vec![&[192, 0, 2, 1], &[192, 0, 2, 2], &[192, 0, 2, 3], &[192, 0, 2, 4]];
    let port = serve("127.0.0.1", 0, Zone::from([(("x.", A), (0, records))])).await;
    let found = groups("nameserver 127.0.0.1", port, "names: [x], type: A, port: 80").await;
    assert_eq!(found[0].targets.len(), 4);
}

/// The three outcomes of `lookupWithSearchPath` in `discovery/dns/dns.go`.
#[tokio::test]
async fn servers_and_search_domains() {
    let known = (0, vec![&[192, 0, 2, 1][..]]);
    let first = Zone::from([
        (("x.two.", A), known.clone()),
        (("broken.", A), (2, Vec::new())),
        (("else.", A), (2, Vec::new())),
        (("empty.", A), (0, Vec::new())),
    ]);
    let second = Zone::from([(("else.", A), known), (("broken.", A), (5, Vec::new()))]);
    let port = serve("127.0.0.1", 0, first).await;
    serve("127.0.0.2", port, second).await;
    let conf = "nameserver 127.0.0.1\nnameserver 127.0.0.2\nsearch one two\n";
    let names = "names: [x, nothing, broken, else, empty.], type: A, port: 80";
    let found = groups(conf, port, names).await;
    let counts: BTreeMap<&str, usize> = found.iter().map(|group| (&*group.source, group.targets.len())).collect();
    // What is known not to exist has no targets; of what nobody knows nothing is said.
    assert_eq!(counts, BTreeMap::from([("x", 1), ("nothing", 0), ("else", 1), ("empty.", 0)]));
    // Without servers nothing is known at all.
    assert_eq!(groups("", port, "names: [x], type: A, port: 80").await, []);
}
