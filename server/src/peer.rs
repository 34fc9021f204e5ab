//! Peer: whose connection a request came by, for the throttles. Behind a proxy, the address that the proxy names.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;

use crate::app_state::AppState;
use crate::connections::Handle;

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

/// Returns what may be one and the same peer: an IPv4 address, or an IPv6 network of 64 bits.
pub fn home_of(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 => v4,
    }
}

/// Who calls, as far as the connection tells.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Its address, as [`home_of`] counts it.
    pub home: IpAddr,
    /// Its connection, where the request came by one.
    pub connection: Option<Handle>,
}

impl FromRequestParts<Arc<AppState>> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<AppState>) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<Peer>().copied();
        let home = home_of(address(peer, &parts.headers, &app.config.peer_header));
        Ok(Self { home, connection: parts.extensions.get::<Handle>().cloned() })
    }
}

#[cfg(test)]
mod tests {
    use super::{Peer, address, home_of};
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

    #[test]
    fn a_network_of_version_six_is_one_peer() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        assert_eq!(home_of(ip("2001:db8:1:2:3::4")), home_of(ip("2001:db8:1:2::9")));
        assert_ne!(home_of(ip("2001:db8:1:2::")), home_of(ip("2001:db8:1:3::")));
        assert_eq!(home_of(ip("::ffff:10.0.0.1")), ip("10.0.0.1"));
    }
}
