// The one place that imports the package `ws`, an optional peer dependency: whoever needs a WebSocket in Node takes it from here.
export { WebSocket, WebSocketServer } from 'ws';
