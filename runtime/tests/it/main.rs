//! Integration tests of the runtime: real QUIC on loopback with real certificates.

// `cfg(test)` tells clippy that helpers of tests are tests too.
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod floods;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod idle;
#[cfg(test)]
mod impaired;
#[cfg(test)]
mod links;
#[cfg(test)]
mod nodes;
#[cfg(test)]
mod processes;
#[cfg(test)]
mod site;
#[cfg(test)]
mod trust;
