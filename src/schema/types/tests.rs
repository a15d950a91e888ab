//! Nodes, builders and descriptors, compared with an independent implementation.
