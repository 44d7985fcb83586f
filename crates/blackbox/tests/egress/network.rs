//! A network of the test's own: the test program starts itself again in a new namespace, where all addresses are its own.

use std::any::type_name;
use std::net::{IpAddr, UdpSocket};
use std::path::PathBuf;
use std::process::Command;

use tokio::runtime::Builder;

use crate::egress::names::{Names, Zone};
use crate::egress::witness::Witness;

/// Set in the program that runs inside: a folder of its own.
const INSIDE: &str = "STEADFLOW_TEST_NETWORK";
/// Made in this folder when a test has passed.
const PASSED: &str = "passed";
/// Addresses of the network beside loopback: public ones, and each kind that flows may not call.
const ADDRESSES_V4: [&str; 6] =
    ["8.8.8.8/32", "8.8.4.4/32", "10.0.0.5/32", "192.168.1.5/32", "100.64.0.5/32", "169.254.169.254/32"];
const ADDRESSES_V6: [&str; 4] =
    ["2001:4860:4860::8888/128", "fd00::5/128", "64:ff9b::a9fe:a9fe/128", "64:ff9b::808:808/128"];
/// Makes the network, and becomes the test. Names are asked of 127.0.0.1 only.
const SCRIPT: &str = r#"
ip link set lo up
for address in $ADDRESSES_V4; do ip address add "$address" dev lo; done
for address in $ADDRESSES_V6; do ip -6 address add "$address" dev lo nodad || echo "no IPv6 in here"; done
printf 'nameserver 127.0.0.1\noptions timeout:2 attempts:1\n' > "$STEADFLOW_TEST_NETWORK/resolv.conf"
printf 'hosts: files dns\n' > "$STEADFLOW_TEST_NETWORK/nsswitch.conf"
for file in resolv.conf nsswitch.conf; do
    if [ -e "/etc/$file" ]; then mount --bind "$STEADFLOW_TEST_NETWORK/$file" "/etc/$file"; fi
done
exec "$@"
"#;

/// What a test has of its network.
pub(crate) struct Network {
    pub(crate) names: Names,
    pub(crate) witness: Witness,
}

impl Network {
    /// Runs `test`, a closure of the calling test function, in a network of its own.
    ///
    /// Without namespaces, which some kernels and containers refuse, it says so and does nothing.
    pub(crate) fn run<T: AsyncFnOnce(Self)>(zones: Vec<Zone>, test: T) {
        let Some(directory) = std::env::var_os(INSIDE).map(PathBuf::from) else {
            return start_inside(&function_of::<T>());
        };
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.expect("a runtime can be made").block_on(async {
            let network = Self { names: Names::serve(zones).await, witness: Witness::start().await };
            test(network).await;
        });
        std::fs::write(directory.join(PASSED), "").expect("the folder can be written to");
    }

    /// Returns whether the machine can have this address: some have no IPv6.
    pub(crate) fn can_have(address: IpAddr) -> bool {
        address.is_ipv4() || UdpSocket::bind((address, 0)).is_ok()
    }
}

/// Returns the name of the test function that a closure is of.
fn function_of<T>() -> String {
    let path = type_name::<T>().split("::{{").next().unwrap_or_default();
    path.split_once("::").map(|(_crate, path)| path.to_owned()).expect("a function is in a module")
}

fn start_inside(name: &str) {
    let Some(unshare) = unshare() else {
        eprintln!("SKIPPED {name}: the kernel refuses network namespaces (`unshare --net --mount`).");
        return;
    };
    let directory = tempfile::tempdir().expect("a folder can be made");
    let program = std::env::current_exe().expect("a test knows its own path");
    let status = Command::new("unshare")
        .args(unshare)
        .args(["sh", "-e", "-c", SCRIPT, "sh"])
        .arg(program)
        .args(["--exact", name, "--nocapture"])
        .env(INSIDE, directory.path())
        .env("ADDRESSES_V4", ADDRESSES_V4.join(" "))
        .env("ADDRESSES_V6", ADDRESSES_V6.join(" "))
        .status();
    assert!(status.is_ok_and(|status| status.success()), "{name} failed in its network: see above");
    assert!(directory.path().join(PASSED).exists(), "{name} did not run in its network");
}

/// Returns how to get a namespace: as root, or else with a namespace of users.
fn unshare() -> Option<&'static [&'static str]> {
    const AS_ROOT: &[&str] = &["--net", "--mount"];
    const AS_OTHERS: &[&str] = &["--user", "--map-root-user", "--net", "--mount"];
    let works = |arguments: &&&[&str]| {
        let tried = Command::new("unshare").args(**arguments).args(["mount", "--bind", "/", "/"]).status();
        tried.is_ok_and(|status| status.success())
    };
    [AS_ROOT, AS_OTHERS].iter().find(works).copied()
}
