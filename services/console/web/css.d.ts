// The bundler takes style sheets that a module imports; TypeScript only needs to know that they exist.
declare module "*.css" {}
