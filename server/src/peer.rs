//! Peer: whose connection a request came by, for the throttles. Behind a proxy, the address that the proxy names.

use std::net::{IpAddr, Ipv4Addr};

use axum::http::HeaderMap;

/// The other end of the connection; an extension of each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// The address to count by: the last one in `header` if a proxy is trusted to set it, else the connection's.
pub fn address(peer: Option<Peer>, headers: &HeaderMap, header: &str) -> IpAddr {
    let named =
        || headers.get_all(header).iter().next_back()?.to_str().ok()?.rsplit(',').next()?.trim().parse().ok();
    let connected = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0);
    if header.is_empty() { connected } else { named().unwrap_or(connected) }
}

#[cfg(test)]
mod tests {
    use super::{Peer, address};
    use axum::http::HeaderMap;
    use std::net::IpAddr;

    #[test]
    fn only_the_proxys_own_word_counts_and_only_if_it_is_trusted() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let mut headers = HeaderMap::new();
        let peer = Some(Peer(ip("127.0.0.1")));
        assert_eq!(address(peer, &headers, "x-forwarded-for"), ip("127.0.0.1"));
        headers.append("x-forwarded-for", "1.1.1.1, 2.2.2.2".parse().unwrap());
        assert_eq!(address(peer, &headers, ""), ip("127.0.0.1"));
        assert_eq!(address(peer, &headers, "x-forwarded-for"), ip("2.2.2.2"));
        headers.append("x-forwarded-for", "3.3.3.3".parse().unwrap());
        assert_eq!(address(peer, &headers, "x-forwarded-for"), ip("3.3.3.3"));
    }
}
