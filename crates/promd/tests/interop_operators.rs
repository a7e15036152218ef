//! promd as operators set it up beside others: two of one configuration behind a proxy, and shards of one.
#![expect(clippy::unwrap_used, reason = "a test that cannot do its work fails")]

mod support;

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use promd_testkit::{Connection, Server};
use serde_json::Value;

use support::{Node, answer, config, promd, serve, until, value};

/// A proxy that sends each request to the next of its servers, and to another if that one does not take it.
fn proxy(servers: &[&Server], served: Arc<[AtomicUsize]>) -> SocketAddr {
    let backends: Vec<String> = servers.iter().map(|server| server.address().to_owned()).collect();
    let next = AtomicUsize::new(0);
    serve(move |head, client| {
        let first = next.fetch_add(1, Ordering::Relaxed);
        for turn in 0..backends.len() {
            let number = (first + turn) % backends.len();
            let Ok(mut server) = TcpStream::connect(&backends[number]) else { continue };
            let head = head.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
            let mut whole = Vec::new();
            if server.write_all(head.as_bytes()).is_ok() && server.read_to_end(&mut whole).is_ok() && !whole.is_empty()
            {
                served[number].fetch_add(1, Ordering::Relaxed);
                client.write_all(&whole).ok();
                return;
            }
        }
    })
}

fn ask(address: SocketAddr, query: &str) -> Value {
    let path = format!("/api/v1/query?query={}", promd_testkit::encode(query));
    // The proxy ends each connection.
    let mut connection = Connection::open(&address.to_string()).unwrap();
    connection.send("GET", &path, &[], b"").unwrap().data().unwrap()["result"].clone()
}

#[test]
fn two_servers_behind_a_proxy_answer_as_one() {
    let Some(node) = promd_testkit::peer("node_exporter").map(Node::start) else { return };
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let text = |replica: &str| {
        config("500ms", &[("node", &node.address, "")]).replace(
            "scrape_configs:",
            &format!("  external_labels: {{cluster: c, replica: {replica}}}\nscrape_configs:"),
        )
    };
    let start =
        |number: usize, replica: &str| Server::launch(&promd(), folders[number].path()).config(text(replica)).start();
    let (a, b) = (start(0, "a"), start(1, "b"));
    for server in [&a, &b] {
        value(server, "count_over_time(node_load1[1h]) > 2");
    }
    let served: Arc<[AtomicUsize]> = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
    let address = proxy(&[&a, &b], Arc::clone(&served));
    let series = |result: &Value| -> BTreeSet<String> {
        result.as_array().unwrap().iter().map(|series| series["metric"].to_string()).collect()
    };
    // Both have the same series; external labels are for those outside.
    let first = series(&ask(address, "{__name__=~\"node_.*\"}"));
    assert!(first.len() > 100);
    for _ in 0..5 {
        assert_eq!(series(&ask(address, "{__name__=~\"node_.*\"}")), first);
    }
    assert!(served.iter().all(|count| count.load(Ordering::Relaxed) >= 3), "{served:?}");
    // One dies; nobody who asks notices, and its sibling tells what it missed.
    drop(a);
    for _ in 0..4 {
        assert_eq!(series(&ask(address, "{__name__=~\"node_.*\"}")), first);
    }
    let a = start(0, "a");
    value(&a, "count_over_time(node_load1[1h]) > 4");
    let federated = |server: &Server| server.get("/federate?match[]=node_load1").text();
    assert!(federated(&a).contains("replica=\"a\"") && federated(&b).contains("replica=\"b\""));
}

/// Which of these targets a server scrapes.
fn scraped(program: &Path, targets: &[String], shard: usize) -> BTreeSet<String> {
    let folder = tempfile::tempdir().unwrap();
    let list: Vec<_> = targets.iter().map(|target| format!("'{target}'")).collect();
    let text = format!(
        "global: {{scrape_interval: 1s}}\nscrape_configs:\n- job_name: sharded\n  static_configs: [{{targets: [{}]}}]\n  \
         relabel_configs:\n  - {{source_labels: [__address__], modulus: 3, target_label: __tmp_hash, action: hashmod}}\n  \
         - {{source_labels: [__tmp_hash], regex: '{shard}', action: keep}}\n",
        list.join(", ")
    );
    let server = Server::launch(program, folder.path()).config(text).start();
    let count = until("targets", || {
        let targets = server.get("/api/v1/targets").data().unwrap();
        let (active, dropped) =
            (targets["activeTargets"].as_array().unwrap().len(), &targets["droppedTargetCounts"]["sharded"]);
        (active > 0 && dropped.as_u64().is_some()).then_some(active)
    });
    let result = value(&server, &format!("(up == 1) and on() (count(up == 1) == {count})"));
    result.as_array().unwrap().iter().map(|series| series["metric"]["instance"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn shards_are_disjoint_complete_and_those_of_prometheus() {
    let Some(prometheus) = promd_testkit::peer("prometheus") else { return };
    // One listener answers on all addresses of the machine itself.
    let port = serve(|_, stream| answer(stream, "", b"a 1\n")).port();
    let targets: Vec<String> = (1..=20).map(|number| format!("127.0.0.{number}:{port}")).collect();
    let shards: Vec<_> = (0..3).map(|shard| scraped(&promd(), &targets, shard)).collect();
    assert_eq!(shards.iter().map(BTreeSet::len).sum::<usize>(), targets.len(), "{shards:?}");
    assert_eq!(shards.iter().flatten().cloned().collect::<BTreeSet<_>>(), targets.iter().cloned().collect());
    assert_eq!(scraped(&prometheus, &targets, 1), shards[1]);
}
