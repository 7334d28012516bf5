// One photo. All numbers come from the command line as Declare=Name=value; render.py draws them.
//   Thing_Kind     0 bolt, 1 nut, 2 washer, 3 gear, 4 spring, 10 mug, 11 duck, 12 key, 13 banana, 14 scissors, 15 die
//   Material, Background          numbers of materials.inc and backgrounds.inc
//   Seed                          proportions of the thing, wear, grain
//   Yaw, Azimuth, Elevation, Roll, Focal   pose and camera, degrees; Focal is the horizontal angle of view
//   Fill                          share of the frame's short side covered by the thing's bounding sphere
//   Off_X, Off_Y                  where the thing is in the frame, in shares of its short side
//   Aperture                      lens opening in thing radii
//   Key_Azimuth, Key_Elevation, Key_Size, Key_Power, Warmth    main light; Warmth -1 blue to 1 orange
//   Aspect                        width / height
#version 3.7;

global_settings {
  assumed_gamma 1.0
  max_trace_level 3
  adc_bailout 0.02
  radiosity {
    pretrace_start 0.16 pretrace_end 0.04
    count 35 nearest_count 2 error_bound 2.4 recursion_limit 1
    low_error_factor 0.7 gray_threshold 0.2 minimum_reuse 0.05 brightness 1 normal off
  }
}

#include "mesh.inc"
#include "materials.inc"
#include "backgrounds.inc"
#include "parts.inc"
#include "others.inc"

#declare Proportions = seed(Seed);
#declare Surfaces = seed(Seed + 1000);
#declare Ground = seed(Seed + 2000);
#declare Room = seed(Seed + 3000);

#switch (Thing_Kind)
  #case (0) Make_Bolt(Proportions) #break
  #case (1) Make_Nut(Proportions) #break
  #case (2) Make_Washer(Proportions) #break
  #case (3) Make_Gear(Proportions) #break
  #case (4) Make_Spring(Proportions) #break
  #case (10) Make_Mug(Proportions) #break
  #case (11) Make_Duck(Proportions) #break
  #case (12) Make_Key(Proportions) #break
  #case (13) Make_Banana(Proportions) #break
  #case (14) Make_Scissors(Proportions) #break
  #case (15) Make_Die(Proportions) #break
#end

// Every thing is brought to a bounding sphere of radius 1, so that the ground's grain tells nothing about it.
object {
  Thing
  scale 1 / Thing_Radius
  rotate Yaw * y
  #if (Thing_Kind < 10) Part_Metal(Material, Surfaces) #end
}
#declare Target = vrotate(Thing_Centre / Thing_Radius, Yaw * y);

plane { y, 0 Background_Texture(Background, Ground) }

// A room to be reflected: dim walls, a light ceiling, a soft box around the main light, a window, dark furniture.
#declare Wall = rgb <0.13, 0.126, 0.12> * (0.6 + 0.7 * rand(Room));
#declare Key_Colour = <1 + 0.22 * Warmth, 1, 1 - 0.30 * Warmth>;
#macro Glow(Az, El, Sharpness, Colour)
  #local D = vrotate(vrotate(z, -El * x), Az * y);
  #local DX = D.x;
  #local DY = D.y;
  #local DZ = D.z;
  #local Narrow = Sharpness;
  pigment {
    function { min(1, exp(Narrow * (x * DX + y * DY + z * DZ - 1)) * 1.6) }
    color_map { [0 Colour transmit 1] [1 Colour transmit 0] }
  }
#end
sky_sphere {
  pigment {
    gradient y
    color_map { [0.0 Wall * 0.25] [0.3 Wall * 0.5] [0.42 Wall * 1.6] [0.7 Wall * 2.4] [1.0 Wall * 3.0] }
  }
  Glow(Key_Azimuth + 230 + 50 * rand(Room), 20, 6, rgb 0.02)
  Glow(Key_Azimuth + 100 + 60 * rand(Room), 25 + 25 * rand(Room), 9, rgb <0.85, 0.95, 1.1> * 2.2)
  Glow(Key_Azimuth, Key_Elevation, 90 / (1 + Key_Size), rgb Key_Colour * 4)
}

light_source {
  12 * vrotate(vrotate(z, -Key_Elevation * x), Key_Azimuth * y)
  rgb Key_Colour * Key_Power
  area_light Key_Size * x, Key_Size * y, 2, 2
  jitter circular orient
}

#declare Half_View = radians(Focal) / 2 * min(1, 1 / Aspect);
#declare Distance = 1 / (Fill * tan(Half_View));
#declare Eye = Target + Distance * vrotate(vrotate(-z, Elevation * x), Azimuth * y);
#declare Shift_Unit = 2 * Distance * tan(Half_View);
#declare Right_Side = vrotate(x, Azimuth * y);
#declare Up_Side = vrotate(vrotate(y, Elevation * x), Azimuth * y);
#declare Look = Target + Shift_Unit * (Off_X * Right_Side + Off_Y * Up_Side);

camera {
  location Eye
  up y right Aspect * x
  sky vaxis_rotate(y, Look - Eye, Roll)
  angle Focal
  look_at Look
  focal_point Target + 0.25 * vnormalize(Eye - Target)
  aperture Aperture
  blur_samples 7, 11
  confidence 0.9 variance 1 / 120
}
