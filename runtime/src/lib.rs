//! The fieldrun daemon as a library.
//!
//! A map of the code, from the outside in:
//!
//! * [`node`]: the daemon itself; [`config`]: what `node.toml` says;
//! * [`ca`], [`identity`]: who a node is, and who says so;
//! * [`tls`], [`quic`]: authenticated links to other nodes, newest frame wins;
//! * [`envelope`]: what travels on a link; [`claims`]: which node speaks for a device; [`standing`]:
//!   what every neighbour is told of a service;
//! * [`cluster`]: what nodes know of each other, for people; [`dependencies`]: what is wrong there;
//! * [`admin`]: the Unix socket; [`view`]: status as text;
//! * [`refusals`]: what peers sent that was not accepted, counted and said once a minute;
//! * [`files`], [`clock`]: state that survives a crash, and time;
//! * [`tasks`]: what must go on when a part of it fails.

pub mod admin;
pub mod ca;
pub mod claims;
pub mod clock;
pub mod cluster;
pub mod config;
pub mod dependencies;
pub mod envelope;
pub mod files;
pub mod identity;
pub mod node;
pub mod quic;
pub mod refusals;
pub mod standing;
pub mod tasks;
pub mod tls;
pub mod view;
