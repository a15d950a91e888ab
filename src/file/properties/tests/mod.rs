mod alongside;
mod own;
