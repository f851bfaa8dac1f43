//! By whose address a request is counted.
use axum::http::HeaderMap;
use ipnet::IpNet;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// The header in which a proxy says for whom it asks: each adds the address that it was called from.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The address by which a caller is counted: what the trusted proxies say, else the far end of the connection.
pub(super) fn caller(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let trusts = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    let mut caller = peer.to_canonical();
    // From the last proxy back: what an untrusted one says of those before it could be anything.
    let said = headers.get_all(FORWARDED_FOR).iter().map(|value| value.to_str().unwrap_or("?"));
    let said: Vec<&str> = said.flat_map(|value| value.split(',')).map(str::trim).collect();
    for before in said.into_iter().rev() {
        let before = if trusts(&caller) { read(before) } else { None };
        let Some(before) = before else { break };
        caller = before;
    }
    counted(caller)
}

/// An address, with its port or without.
fn read(text: &str) -> Option<IpAddr> {
    let with_port = || text.parse::<SocketAddr>().map(|address| address.ip());
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    Some(bare.parse().or_else(|_| with_port()).ok()?).map(|address: IpAddr| address.to_canonical())
}

/// Whoever has an IPv6 address has a whole network of 64 bits: they are counted as one.
fn counted(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
        IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trusted_proxies_are_believed() {
        let trusted: Vec<IpNet> = ["10.0.0.0/8", "fd00::/8"].map(|net| net.parse().unwrap()).into();
        for (peer, said, counted) in [
            ("192.0.2.1", vec![], "192.0.2.1"),
            ("192.0.2.1", vec!["198.51.100.7"], "192.0.2.1"),
            ("10.0.0.1", vec![], "10.0.0.1"),
            ("10.0.0.1", vec!["198.51.100.7"], "198.51.100.7"),
            ("::ffff:10.0.0.1", vec!["198.51.100.7:4711"], "198.51.100.7"),
            // What the caller itself has sent stands before what the proxy added.
            ("10.0.0.1", vec!["203.0.113.9, 198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", vec!["203.0.113.9", "198.51.100.7, 10.0.0.2"], "198.51.100.7"),
            ("10.0.0.1", vec!["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            ("10.0.0.1", vec!["198.51.100.7, nonsense"], "10.0.0.1"),
            ("fd00::1", vec!["[2001:db8:1:2:3:4:5:6]:80"], "2001:db8:1:2::"),
            ("2001:db8:1:2:ffff::1", vec![], "2001:db8:1:2::"),
        ] {
            let mut headers = HeaderMap::new();
            for value in &said {
                headers.append(FORWARDED_FOR, value.parse().unwrap());
            }
            let counted: IpAddr = counted.parse().unwrap();
            assert_eq!(caller(peer.parse().unwrap(), &headers, &trusted), counted, "{peer} {said:?}");
        }
    }
}
