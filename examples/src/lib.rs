//! What the examples of fieldrun run: the query-response service that stands for the services of
//! a company, and the network of services that it makes up.

pub mod demo;
pub mod enterprise;
pub mod qr;
