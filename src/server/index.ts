// `rollwire/server`: the room server, to be started alone or inside one's own program.
export { startRoomServer, type RoomServer, type RoomServerCounters, type RoomServerOptions } from './room-server.js';
